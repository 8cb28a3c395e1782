#include "http.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <new>

#include "base/ascii.hpp"

namespace postern::client {
namespace {

void prepare_curl() {
    static const bool prepared = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!prepared) throw std::bad_alloc();
}

CurlHandle make_handle(const VerifierOptions& options, const std::string& url) {
    prepare_curl();
    CurlHandle handle(curl_easy_init());
    if (!handle) throw std::bad_alloc();
    curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "postern-verifier-cpp");
    curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.request_timeout.count()));
    if (!options.ca_file.empty()) curl_easy_setopt(handle.get(), CURLOPT_CAINFO, options.ca_file.c_str());
    return handle;
}

struct Body {
    Answer answer;
    std::size_t most_bytes;
    const std::atomic<bool>* stopping;
};

std::size_t write_body(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& body = *static_cast<Body*>(context);
    if (body.answer.body.size() + size * count > body.most_bytes) return 0;
    body.answer.body.append(bytes, size * count);
    return size * count;
}

std::size_t write_header(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& body = *static_cast<Body*>(context);
    const std::string_view line(bytes, size * count);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return size * count;
    std::string_view value = line.substr(colon + 1);
    while (value.ends_with('\r') || value.ends_with('\n')) value.remove_suffix(1);
    value = trim_spaces(value);
    if (equal_ignoring_case(line.substr(0, colon), "etag")) body.answer.etag = value;
    if (equal_ignoring_case(line.substr(0, colon), "cache-control")) body.answer.cache_control = value;
    std::uint32_t age = 0;
    if (equal_ignoring_case(line.substr(0, colon), "age") &&
        std::from_chars(value.data(), value.data() + value.size(), age).ec == std::errc()) {
        body.answer.age = std::chrono::seconds(age);
    }
    return size * count;
}

int is_stopping(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Body*>(context)->stopping->load() ? 1 : 0;
}

void add_header(CurlHeaders& headers, const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(headers.release());
    headers.reset(longer);
}

}  // namespace

Result<Answer> HttpSource::get(const std::string& url, const std::string& etag, std::size_t most_bytes) {
    const CurlHandle handle = make_handle(options_, url);
    Body body{.answer = {}, .most_bytes = most_bytes, .stopping = &stopping_};
    CurlHeaders headers;
    add_header(headers, "Cache-Control: no-cache");
    if (!etag.empty()) add_header(headers, "If-None-Match: " + etag);
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(options_.request_timeout.count()));
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, write_body);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, write_header);
    curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &body);
    curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, is_stopping);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &body);
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK) return unavailable(url + ": " + curl_easy_strerror(code));
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &body.answer.status);
    return std::move(body.answer);
}

HttpStream::HttpStream(const VerifierOptions& options) : options_(options) {
    prepare_curl();
    multi_.reset(curl_multi_init());
    if (!multi_) throw std::bad_alloc();
}

HttpStream::~HttpStream() = default;

void HttpStream::stop() {
    stopping_ = true;
    curl_multi_wakeup(multi_.get());
}

namespace {

struct Streaming {
    CURL* handle;
    HttpStream::Reader* reader;
    bool connected = false;
};

bool is_event_stream(CURL* handle) {
    long status = 0;
    const char* type = nullptr;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
    const std::string_view full = type != nullptr ? type : "";
    return status == 200 && equal_ignoring_case(trim_spaces(full.substr(0, full.find(';'))), "text/event-stream");
}

std::size_t write_stream(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& streaming = *static_cast<Streaming*>(context);
    if (!streaming.connected) {
        if (!is_event_stream(streaming.handle)) return 0;
        streaming.connected = true;
        streaming.reader->connected();
    }
    return streaming.reader->read({bytes, size * count}) ? size * count : 0;
}

}  // namespace

std::string HttpStream::follow(const std::string* last_event_id, Reader& reader, bool& refused) {
    const std::string url = options_.issuer + options_.base_path + "/revocations";
    const CurlHandle handle = make_handle(options_, url);
    CurlHeaders headers;
    add_header(headers, "Accept: text/event-stream");
    add_header(headers, "Cache-Control: no-store");
    if (last_event_id != nullptr) add_header(headers, "Last-Event-ID: " + *last_event_id);
    Streaming streaming{.handle = handle.get(), .reader = &reader};
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(handle.get(), CURLOPT_USERNAME, options_.client_id.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PASSWORD, options_.client_secret.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, write_stream);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &streaming);
    curl_multi_add_handle(multi_.get(), handle.get());
    std::string problem = "the connection ended";
    bool running = true;
    while (running) {
        int active = 0;
        curl_multi_perform(multi_.get(), &active);
        running = active != 0 && !stopping_ && reader.goes_on();
        if (running) curl_multi_poll(multi_.get(), nullptr, 0, 250, nullptr);
    }
    int left = 0;
    if (const CURLMsg* done = curl_multi_info_read(multi_.get(), &left);
        done != nullptr && done->data.result != CURLE_OK && done->data.result != CURLE_WRITE_ERROR) {
        problem = curl_easy_strerror(done->data.result);
    }
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    refused = status == 401 || status == 403;
    if (status != 0 && status != 200) problem = url + " answers " + std::to_string(status);
    curl_multi_remove_handle(multi_.get(), handle.get());
    return problem;
}

}  // namespace postern::client
