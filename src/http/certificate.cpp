#include "http/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

namespace postern::http {

Result<Timestamp> read_certificate_end(const std::string& file) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> input(BIO_new_file(file.c_str(), "rb"), BIO_free);
    X509* read = input ? PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr) : nullptr;
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(read, X509_free);
    std::tm end{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
        return invalid_input("invalid_tls_files", "The TLS certificate " + file + " has no readable end date");
    }
    return from_seconds(timegm(&end));
}

}  // namespace postern::http
