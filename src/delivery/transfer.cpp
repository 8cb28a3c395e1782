#include "delivery/transfer.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/wiping_heap.hpp"

namespace postern::delivery {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A mail holds a link that is as good as a password, and passes through many buffers of libcurl's: each is overwritten
// when it is freed.
void prepare_curl() {
    static const bool prepared = curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, wiping_free, wiping_realloc,
                                                      strdup, std::calloc) == CURLE_OK;
    if (!prepared) std::abort();  // out of memory, before anything has been delivered
}

}  // namespace

Transfer::Transfer(const TransferLimits& limits) {
    prepare_curl();
    handle_.reset(curl_easy_init());
    if (!handle_) throw std::bad_alloc();
    set_pointer(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, std::string());
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.time.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(limits.time, limits.connect_time).count()));
    set(CURLOPT_FORBID_REUSE, 1L);  // a connection that the other side has closed meanwhile would cost an attempt
    set(CURLOPT_NOPROGRESS, 0L);
    set_function(CURLOPT_XFERINFOFUNCTION, &Transfer::progress);
    set_pointer(CURLOPT_XFERINFODATA, this);
}

Transfer::~Transfer() = default;

void Transfer::note(CURLcode outcome) {
    usable_ = usable_ && outcome == CURLE_OK;
}

void Transfer::set(CURLoption option, long value) {
    note((curl_easy_setopt)(handle_.get(), option, value));
}

void Transfer::set(CURLoption option, const std::string& text) {
    note((curl_easy_setopt)(handle_.get(), option, text.c_str()));
}

void Transfer::set_pointer(CURLoption option, const void* pointer) {
    note((curl_easy_setopt)(handle_.get(), option, pointer));
}

void Transfer::add_header(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    if (!headers_) headers_.reset(longer);  // otherwise it is the same list, longer at its end
}

void Transfer::use_headers() {
    set_pointer(CURLOPT_HTTPHEADER, headers_.get());
}

std::string Transfer::describe(CURLcode code) const {
    return error_[0] != '\0' ? std::string(error_.data()) : std::string(curl_easy_strerror(code));
}

long Transfer::response_code() const {
    long code = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code);
    return code;
}

int Transfer::progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& given_up = static_cast<const Transfer*>(self)->is_given_up;
    return given_up && given_up() ? 1 : 0;
}

Outcome run_alone(Transfer& transfer) {
    if (!transfer.is_usable()) return {Outcome::Kind::retry, "libcurl lacks something that this needs"};
    return transfer.judge(curl_easy_perform(transfer.handle()));
}

Transfers::Transfers() {
    prepare_curl();
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw std::bad_alloc();
}

Transfers::~Transfers() {
    (void)abandon();
    curl_multi_cleanup(multi_);
}

void Transfers::start(core::OutboxEntry entry, std::unique_ptr<Transfer> transfer) {
    CURL* handle = transfer->handle();
    running_.emplace(handle, Running{std::move(entry), std::move(transfer)});
    curl_multi_add_handle(multi_, handle);
}

std::vector<Delivery> Transfers::run(Milliseconds longest) {
    const auto deadline = SteadyClock::now() + longest;
    for (;;) {
        int still_running = 0;
        curl_multi_perform(multi_, &still_running);
        auto ended = collect();
        if (!ended.empty() || woken_.exchange(false)) return ended;
        const auto left = std::chrono::ceil<Milliseconds>(deadline - SteadyClock::now());
        if (left <= Milliseconds::zero()) return ended;
        curl_multi_poll(multi_, nullptr, 0, static_cast<int>(left.count()), nullptr);
    }
}

std::vector<Delivery> Transfers::collect() {
    std::vector<Delivery> ended;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* handle = message->easy_handle;
        const CURLcode code = message->data.result;
        auto running = running_.extract(handle);
        // Removed first: libcurl says goodbye to the other side now, and writes that into the transfer.
        curl_multi_remove_handle(multi_, handle);
        ended.push_back({std::move(running.mapped().entry), running.mapped().transfer->judge(code)});
    }
    return ended;
}

std::vector<core::OutboxEntry> Transfers::abandon() {
    std::vector<core::OutboxEntry> entries;
    for (auto& [handle, running] : running_) {
        curl_multi_remove_handle(multi_, handle);
        entries.push_back(std::move(running.entry));
    }
    running_.clear();
    return entries;
}

void Transfers::wake() noexcept {
    woken_ = true;
    curl_multi_wakeup(multi_);
}

}  // namespace postern::delivery
