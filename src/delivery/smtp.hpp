// Handing one mail to the mail server (RFC 5321), over libcurl.
#pragma once

#include <memory>
#include <string>

#include "base/secret.hpp"
#include "delivery/transfer.hpp"

namespace postern::delivery {

enum class SmtpSecurity { none, starttls, tls };

struct SmtpSettings {
    std::string host;
    std::int64_t port = 587;
    SmtpSecurity security = SmtpSecurity::starttls;
    std::string user;  // empty: no authentication
    SecretString password;
    std::string ca_file;     // empty: the system's authorities
    std::string local_name;  // what we call ourselves: a host name
    TransferLimits limits;
};

// `mail` from compose(); sender and recipient from address_for_envelope().
std::unique_ptr<Transfer> make_mail_transfer(const SmtpSettings& settings, const std::string& sender,
                                             const std::string& recipient, SecretString mail);
// Connects, authenticates, and goes away without a mail: for `postern doctor`.
std::unique_ptr<Transfer> make_smtp_probe(const SmtpSettings& settings);

}  // namespace postern::delivery
