#include "cli/console.hpp"

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>

namespace postern::cli {
namespace {

Result<SecretString> read_all(int descriptor, std::size_t limit) {
    SecretBytes bytes;
    std::array<std::uint8_t, 4096> chunk;
    for (;;) {
        const ssize_t count = read(descriptor, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + count);
        if (bytes.size() > limit) break;
    }
    wipe(chunk.data(), chunk.size());
    if (bytes.size() > limit) {
        return invalid_input("input_too_long",
                             "Standard input holds more than " + std::to_string(limit) + " bytes; give one value only");
    }
    return SecretString{{reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
}

// While one of these lives the terminal does not echo, and a signal interrupts read() instead of ending the process
// with the echo still off.
class SilentTerminal {
public:
    explicit SilentTerminal(int terminal) : terminal_(terminal) {
        tcgetattr(terminal_, &before_);
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(terminal_, TCSAFLUSH, &silent);
        struct sigaction interrupting = {};
        interrupting.sa_handler = [](int) {};
        for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), &interrupting, &handlers_.at(i));
    }
    ~SilentTerminal() {
        tcsetattr(terminal_, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), &handlers_.at(i), nullptr);
    }
    SilentTerminal(const SilentTerminal&) = delete;
    SilentTerminal& operator=(const SilentTerminal&) = delete;

private:
    static constexpr std::array<int, 4> signals = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
    int terminal_;
    termios before_{};
    std::array<struct sigaction, signals.size()> handlers_{};
};

Result<SecretString> ask_without_echo(std::string_view prompt) {
    std::cerr << prompt << std::flush;
    SecretBytes line;
    bool complete = false;
    {
        const SilentTerminal silence(STDIN_FILENO);
        char byte = 0;
        while (!complete && read(STDIN_FILENO, &byte, 1) == 1) {
            complete = byte == '\n';
            if (!complete) line.push_back(static_cast<std::uint8_t>(byte));
        }
    }
    std::cerr << '\n';
    if (!complete) return invalid_input("interrupted", "Interrupted; nothing was changed");
    return SecretString{{reinterpret_cast<const char*>(line.data()), line.size()}};
}

}  // namespace

Console process_console() {
    return {.out = std::cout,
            .error = std::cerr,
            .interactive = isatty(STDIN_FILENO) == 1,
            .error_is_terminal = isatty(STDERR_FILENO) == 1,
            .out_is_terminal = isatty(STDOUT_FILENO) == 1,
            .read_input = [](std::size_t limit) { return read_all(STDIN_FILENO, limit); },
            .ask_secret = ask_without_echo};
}

std::string_view without_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

}  // namespace postern::cli
