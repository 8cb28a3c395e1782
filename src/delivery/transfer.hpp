// libcurl: one transfer, and the many that one thread runs.
#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/records.hpp"
#include "delivery/outcome.hpp"

namespace postern::delivery {

struct TransferLimits {
    Milliseconds time;          // whole
    Milliseconds connect_time;  // of it
};

// One attempt: a handle of libcurl and all that it reads and writes until it is done. What every transfer has: no proxy
// from the environment, no signals, certificates checked, bounded times.
class Transfer {
public:
    explicit Transfer(const TransferLimits& limits);
    virtual ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    // What it means that the transfer ended with `code`.
    [[nodiscard]] virtual Outcome judge(CURLcode code) const = 0;

    [[nodiscard]] CURL* handle() const { return handle_.get(); }
    // False when an option could not be set: then it must not run.
    [[nodiscard]] bool is_usable() const { return usable_; }
    // Asked about once a second while it runs; true ends it.
    std::function<bool()> is_given_up;

protected:
    void set(CURLoption option, long value);
    void set(CURLoption option, const std::string& text);  // libcurl keeps a copy
    void set_pointer(CURLoption option, const void* pointer);
    template <typename Function>
    void set_function(CURLoption option, Function* function) {
        note((curl_easy_setopt)(handle_.get(), option, function));
    }
    void add_header(const std::string& line);
    void use_headers();
    // libcurl's own words for what went wrong.
    [[nodiscard]] std::string describe(CURLcode code) const;
    [[nodiscard]] long response_code() const;

private:
    struct Closer {
        void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };
    void note(CURLcode outcome);
    static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

    std::array<char, CURL_ERROR_SIZE> error_{};
    std::unique_ptr<curl_slist, Closer> headers_;
    std::unique_ptr<CURL, Closer> handle_;  // goes first: it reads the others until then
    bool usable_ = true;
};

// Runs one transfer to its end, on the caller's thread.
Outcome run_alone(Transfer& transfer);

struct Delivery {
    core::OutboxEntry entry;
    Outcome outcome;
};

// Used by one thread, but for wake().
class Transfers {
public:
    Transfers();
    ~Transfers();
    Transfers(const Transfers&) = delete;
    Transfers& operator=(const Transfers&) = delete;

    void start(core::OutboxEntry entry, std::unique_ptr<Transfer> transfer);
    [[nodiscard]] std::size_t running() const { return running_.size(); }
    // Moves all of them on; returns when one or more have ended, with those, at the latest after `longest`, or when
    // woken.
    std::vector<Delivery> run(Milliseconds longest);
    // Ends all that still run, and says whose they were.
    std::vector<core::OutboxEntry> abandon();
    // Ends run() at once, or the next one. Thread-safe.
    void wake() noexcept;

private:
    struct Running {
        core::OutboxEntry entry;
        std::unique_ptr<Transfer> transfer;
    };
    std::vector<Delivery> collect();

    CURLM* multi_;
    std::map<CURL*, Running> running_;
    std::atomic<bool> woken_ = false;
};

}  // namespace postern::delivery
