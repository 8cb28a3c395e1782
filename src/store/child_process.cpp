#include "store/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/limits.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace postern::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

class Pipe {
public:
    Pipe() { failed_ = pipe2(ends_.data(), O_CLOEXEC) != 0; }
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] int reading() const { return ends_[0]; }
    [[nodiscard]] int writing() const { return ends_[1]; }
    void close_writing() { close_end(1); }

private:
    void close_end(std::size_t end) {
        if (ends_.at(end) >= 0) close(ends_.at(end));
        ends_.at(end) = -1;
    }
    std::array<int, 2> ends_{-1, -1};
    bool failed_ = false;
};

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
    std::vector<std::string> entries;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (!changes.contains(std::string(text.substr(0, text.find('='))))) entries.emplace_back(text);
    }
    for (const auto& [name, value] : changes) entries.push_back(std::string(name).append("=").append(value));
    return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

int spawn(pid_t& child, const std::string& program, std::vector<std::string> words,
          const std::map<std::string, std::string>& environment, const Pipe& output) {
    words.insert(words.begin(), program);
    auto entries = environment_with(environment);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output.writing(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.writing(), STDERR_FILENO);
    const int failure = posix_spawnp(&child, program.c_str(), &actions, nullptr, pointers_to(words).data(),
                                     pointers_to(entries).data());
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

// Until the program has closed it; what is past the limit is read and dropped. False: the time is over.
bool read_output(const Pipe& pipe, std::string& output, SteadyClock::time_point deadline) {
    std::array<char, 4096> piece{};
    for (;;) {
        const auto left = std::chrono::ceil<Milliseconds>(deadline - SteadyClock::now()).count();
        if (left <= 0) return false;
        pollfd wanted{pipe.reading(), POLLIN, 0};
        if (poll(&wanted, 1, static_cast<int>(left)) <= 0) continue;
        const ssize_t count = read(pipe.reading(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return true;
        const auto room = limits::backup_tool_message_bytes - output.size();
        output.append(piece.data(), std::min(room, static_cast<std::size_t>(count)));
    }
}

int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<ChildOutcome> run_program(const std::string& program, const std::vector<std::string>& arguments,
                                 const std::map<std::string, std::string>& environment, Milliseconds time) {
    Pipe pipe;
    if (pipe.failed()) return unavailable("No pipe can be had for " + program + ": " + std::strerror(errno));
    pid_t child = 0;
    const int failure = spawn(child, program, arguments, environment, pipe);
    if (failure == ENOENT) return not_found("program_missing", "The program " + program + " is not in PATH");
    if (failure != 0) return unavailable("The program " + program + " cannot be started: " + std::strerror(failure));
    pipe.close_writing();
    ChildOutcome outcome;
    const bool in_time = read_output(pipe, outcome.output, SteadyClock::now() + time);
    if (!in_time) kill(child, SIGKILL);
    outcome.status = wait_for(child);
    if (!in_time) {
        return unavailable("The program " + program + " was ended: it took longer than " +
                           std::to_string(std::chrono::duration_cast<Seconds>(time).count()) + " s");
    }
    return outcome;
}

}  // namespace postern::store
