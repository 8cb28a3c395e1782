#include "app/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <optional>

#include "http/tls.hpp"

namespace postern::app {
namespace {

using namespace std::chrono_literals;
using core::Severity;

// A renewal that fails wants to be noticed while there is time to try again.
constexpr auto renewal_time = 24h * 14;

std::optional<Timestamp> expiry_of(const std::string& file) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> input(BIO_new_file(file.c_str(), "rb"), BIO_free);
    if (!input) return std::nullopt;
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr), X509_free);
    std::tm end{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) return std::nullopt;
    return from_seconds(timegm(&end));
}

}  // namespace

core::Finding diagnose_certificate(const std::string& certificate_file, const std::string& key_file, Timestamp now) {
    const auto loaded = http::Tls::load(certificate_file, key_file);
    if (!loaded) {
        return {Severity::problem, "tls", loaded.error().message, "Correct tls.certificate and tls.key"};
    }
    const auto expiry = expiry_of(certificate_file);
    if (!expiry) {
        return {Severity::problem, "tls", "The certificate " + certificate_file + " has no readable end date",
                "Get a new certificate"};
    }
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
