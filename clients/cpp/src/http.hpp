// HTTP over libcurl: single answers, and the stream of the feed. http and https only, redirects are not followed.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <memory>

#include "postern/verifier.hpp"
#include "source.hpp"

namespace postern::client {

// CURL and CURLM are both void.
template <auto free_function>
struct FreeCurl {
    template <typename T>
    void operator()(T* object) const noexcept {
        static_cast<void>(free_function(object));
    }
};
using CurlHandle = std::unique_ptr<CURL, FreeCurl<curl_easy_cleanup>>;
using CurlMulti = std::unique_ptr<CURLM, FreeCurl<curl_multi_cleanup>>;
using CurlHeaders = std::unique_ptr<curl_slist, FreeCurl<curl_slist_free_all>>;

// Thread-safe: each call has a handle of its own.
class HttpSource final : public Source {
public:
    explicit HttpSource(const VerifierOptions& options) : options_(options) {}
    Result<Answer> get(const std::string& url, const std::string& etag, std::size_t most_bytes) override;
    // From now on every request ends at once.
    void stop() { stopping_ = true; }

private:
    const VerifierOptions& options_;
    std::atomic<bool> stopping_ = false;
};

// One connection to the feed at a time. stop() may be called by any thread, the rest is of one.
class HttpStream {
public:
    explicit HttpStream(const VerifierOptions& options);
    ~HttpStream();
    HttpStream(const HttpStream&) = delete;
    HttpStream& operator=(const HttpStream&) = delete;

    struct Reader {
        virtual ~Reader() = default;
        // The answer is an event stream and begins.
        virtual void connected() = 0;
        // False ends the connection.
        virtual bool read(std::string_view bytes) = 0;
        // Asked every now and then; false ends the connection.
        virtual bool goes_on() = 0;
    };
    // Returns when the connection has ended, with the reason. `last_event_id` is left out when null.
    // `refused` is set when the server does not take the credentials.
    std::string follow(const std::string* last_event_id, Reader& reader, bool& refused);
    void stop();
    [[nodiscard]] bool is_stopping() const { return stopping_; }

private:
    const VerifierOptions& options_;
    CurlMulti multi_;
    std::atomic<bool> stopping_ = false;
};

}  // namespace postern::client
