#include "app/certificate.hpp"

#include "http/certificate.hpp"
#include "http/tls.hpp"

namespace postern::app {
namespace {

using namespace std::chrono_literals;
using core::Severity;

// A renewal that fails wants to be noticed while there is time to try again.
constexpr auto renewal_time = 24h * 14;

}  // namespace

core::Finding diagnose_certificate(const std::string& certificate_file, const std::string& key_file, Timestamp now) {
    const auto loaded = http::Tls::load(certificate_file, key_file);
    if (!loaded) {
        return {Severity::problem, "tls", loaded.error().message, "Correct tls.certificate and tls.key"};
    }
    const auto expiry = http::read_certificate_end(certificate_file);
    if (!expiry) return {Severity::problem, "tls", expiry.error().message, "Get a new certificate"};
    const auto days = std::chrono::floor<std::chrono::days>(*expiry - now).count();
    if (*expiry <= now) {
        return {Severity::problem, "tls",
                "The certificate " + certificate_file + " expired " + std::to_string(-days) + " days ago",
                "Renew it, then send the server SIGHUP"};
    }
    const bool soon = *expiry - now < renewal_time;
    return {soon ? Severity::warning : Severity::ok, "tls",
            "The certificate " + certificate_file + " is valid for " + std::to_string(days) + " more days",
            soon ? "Renew it, then send the server SIGHUP" : ""};
}

}  // namespace postern::app
