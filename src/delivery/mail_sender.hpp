// From an entry of the outbox to a mail: the words, the link, and the way out.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "core/secrets.hpp"
#include "core/store.hpp"
#include "core/text.hpp"
#include "delivery/message.hpp"
#include "delivery/sender.hpp"
#include "delivery/smtp.hpp"
#include "delivery/templates.hpp"

namespace postern::delivery {

struct MailSettings {
    Mailbox from;
    std::string service_name;
    std::string front_end;  // URL that the links begin with; no slash at the end
    std::string color;      // "#rrggbb"
    // Where mail goes instead of to a server: one file each, and its link into the log. For development only. Empty:
    // over SMTP.
    std::string directory;
    SmtpSettings smtp;
};

// Everything referred to must outlive it.
class MailSender final : public Sender {
public:
    MailSender(MailSettings settings, Templates templates, core::Store& store, const core::SecretDeriver& secrets,
               const core::Text& text, const Clock& clock);

    // refused: a recipient or a template that cannot be. pointless: its link was used, replaced, or has expired.
    Attempt begin(const core::OutboxEntry& entry) override;

private:
    // The URL with the token; empty where the mail carries none.
    Result<std::optional<SecretString>> link_of(const core::OutboxEntry& entry, core::MailTemplate mail);
    Outcome write_file(const core::OutboxEntry& entry, const std::string& link, const std::string& mail);

    const MailSettings settings_;
    const Templates templates_;
    core::Store& store_;
    const core::SecretDeriver& secrets_;
    const core::Text& text_;
    const Clock& clock_;
};

// For mail that is switched off.
class NoMail final : public Sender {
public:
    Attempt begin(const core::OutboxEntry& entry) override;
};

}  // namespace postern::delivery
