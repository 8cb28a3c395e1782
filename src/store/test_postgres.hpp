// A private PostgreSQL for the tests of this process: data and socket in a temporary folder, no network.
//
// It is started at first use. A small shell watches a pipe whose other end this process holds: when the process ends,
// in whatever way, the shell stops the server and removes the folder. Only tests include this.
#pragma once

#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace postern::store {

class TestPostgres {
public:
    // The server that the tests of this process share. One of its own is for a test that restarts it: the shared one
    // has many databases to write out. Throws when it cannot be started: a test can do nothing about that.
    static TestPostgres& instance() {
        static TestPostgres server;
        return server;
    }

    TestPostgres() {
        std::array<char, 32> folder = {"/tmp/postern-postgres-XXXXXX"};
        if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
        folder_ = folder.data();
        start_watcher();
        if (geteuid() == 0) run("chown postgres " + folder_, "hand the folder to the user postgres");
        run(as_server_user("initdb") + " --no-sync --auth=trust --username=postgres --encoding=UTF8 --locale=C.UTF-8" +
                " --pgdata=" + data(),
            "create a database cluster");
        start();
    }

    ~TestPostgres() {
        close(lifeline_);
        for (int waited = 0; waited < 1000 && std::filesystem::exists(folder_); ++waited) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    TestPostgres(const TestPostgres&) = delete;
    TestPostgres& operator=(const TestPostgres&) = delete;

    // The URL of a database that nobody has used before.
    std::string create_database() {
        const std::string name = "test_" + std::to_string(++databases_);
        PGconn* connection = PQconnectdb(url("postgres").c_str());
        PGresult* result = PQexec(connection, ("CREATE DATABASE " + name).c_str());
        const bool created = PQresultStatus(result) == PGRES_COMMAND_OK;
        const std::string message = PQerrorMessage(connection);
        PQclear(result);
        PQfinish(connection);
        if (!created) throw std::runtime_error("cannot create a test database: " + message);
        return url(name);
    }

    // As `pg_ctl stop -m fast` and `pg_ctl start` do it, on the same data. Both wait until it is done.
    void stop() { run(server_command("-m fast stop"), "stop PostgreSQL"); }
    void start() { run(server_command(start_arguments()), "start PostgreSQL"); }

    // Every process of the server stands still: connections stay open, nothing answers.
    void suspend() {
        for (const pid_t process : processes()) kill(process, SIGSTOP);
    }
    void resume() {
        for (const pid_t process : processes()) kill(process, SIGCONT);
    }

private:
    // In a session of its own and no child of ours, so that what kills this process and its children spares it.
    void start_watcher() {
        std::array<int, 2> pipe_ends{};
        if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
        lifeline_ = pipe_ends[1];
        const std::string resume_all = "main=$(head -n 1 " + data() +
                                       "/postmaster.pid); kill -CONT $main $(cat /proc/$main/task/$main/children); ";
        std::string script =
            "cd /; read -r line; " + resume_all + server_command("-m immediate stop") + "; rm -rf " + folder_;
        std::string shell = "sh";
        std::string option = "-c";
        std::string program = "setsid";
        std::string fork = "--fork";
        std::array<char*, 6> arguments = {program.data(), fork.data(),   shell.data(),
                                          option.data(),  script.data(), nullptr};
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe_ends[0], STDIN_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        pid_t process = 0;
        const int failed = posix_spawnp(&process, "setsid", &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        close(pipe_ends[0]);
        if (failed != 0) throw std::runtime_error("cannot start the watcher of the test database");
        waitpid(process, nullptr, 0);
    }

    [[nodiscard]] std::string data() const { return folder_ + "/data"; }
    [[nodiscard]] std::string url(const std::string& database) const {
        return "postgresql:///" + database + "?host=" + folder_ + "&user=postgres";
    }

    // PostgreSQL refuses to run as root.
    static std::string as_server_user(const std::string& program) {
        const std::string path = "/usr/lib/postgresql/15/bin/" + program;
        return geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --init-groups " + path : path;
    }
    [[nodiscard]] std::string server_command(const std::string& arguments) const {
        return as_server_user("pg_ctl") + " --pgdata=" + data() + " --wait " + arguments;
    }
    [[nodiscard]] std::string start_arguments() const {
        return "--log=" + folder_ + "/log --options=\"-c listen_addresses='' -c unix_socket_directories=" + folder_ +
               "\" start";
    }

    void run(const std::string& command, const std::string& purpose) const {
        const std::string output = folder_ + "/output";
        if (std::system(("cd /; " + command + " >" + output + " 2>&1").c_str()) == 0) return;
        std::ifstream file(output);
        throw std::runtime_error("cannot " + purpose + ": " + std::string(std::istreambuf_iterator<char>(file), {}));
    }

    [[nodiscard]] std::vector<pid_t> processes() const {
        pid_t postmaster = 0;
        if (!(std::ifstream(data() + "/postmaster.pid") >> postmaster)) return {};
        std::vector<pid_t> found = {postmaster};
        const std::string process = std::to_string(postmaster);
        std::ifstream children("/proc/" + process + "/task/" + process + "/children");
        for (pid_t child = 0; children >> child;) found.push_back(child);
        return found;
    }

    std::string folder_;
    int lifeline_ = -1;
    int databases_ = 0;
};

}  // namespace postern::store
