#include "delivery/smtp.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/encoding.hpp"

namespace postern::delivery {
namespace {

// What the server was last asked; its last answer belongs to that.
enum class Stage { greeting, hello, starttls, authentication, sender, recipient, data, other };

constexpr std::array<std::pair<std::string_view, Stage>, 8> commands = {{{"EHLO", Stage::hello},
                                                                         {"HELO", Stage::hello},
                                                                         {"STARTTLS", Stage::starttls},
                                                                         {"AUTH", Stage::authentication},
                                                                         {"MAIL", Stage::sender},
                                                                         {"RCPT", Stage::recipient},
                                                                         {"DATA", Stage::data},
                                                                         {"NOOP", Stage::other}}};

std::string_view name(Stage stage) {
    switch (stage) {
        case Stage::greeting: return "its greeting";
        case Stage::hello: return "EHLO";
        case Stage::starttls: return "STARTTLS";
        case Stage::authentication: return "the authentication";
        case Stage::sender: return "our sender address";
        case Stage::recipient: return "the recipient";
        case Stage::data: return "the mail";
        case Stage::other: break;
    }
    return "a command";
}

// Of the server's words, in the log. RFC 5321 section 4.5.3.1.5 allows 512 bytes.
constexpr std::size_t longest_reply = 200;

// RFC 4954: it is not the recipient that was refused but us, and that can be put right.
bool is_about_authentication(int code) {
    return code == 530 || code == 534 || code == 535 || code == 538;
}

class SmtpTransfer : public Transfer {
public:
    explicit SmtpTransfer(const SmtpSettings& settings)
        : Transfer(settings.limits), server_(settings.host + ":" + std::to_string(settings.port)) {
        const bool numeric_v6 = settings.host.find(':') != std::string::npos;
        const std::string host = numeric_v6 ? "[" + settings.host + "]" : settings.host;
        const bool tls = settings.security == SmtpSecurity::tls;
        set(CURLOPT_PROTOCOLS_STR, std::string("smtp,smtps"));
        set(CURLOPT_URL,
            (tls ? "smtps://" : "smtp://") + host + ":" + std::to_string(settings.port) + "/" + settings.local_name);
        set(CURLOPT_USE_SSL,
            static_cast<long>(settings.security == SmtpSecurity::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
        if (!settings.ca_file.empty()) {
            set(CURLOPT_CAINFO, settings.ca_file);
            set_pointer(CURLOPT_CAPATH, nullptr);  // these authorities and no others
        }
        if (!settings.user.empty()) {
            set(CURLOPT_USERNAME, settings.user);
            const auto password = settings.password.reveal();
            std::string text(password);
            set(CURLOPT_PASSWORD, text);
            wipe(text.data(), text.size());
        }
        set(CURLOPT_VERBOSE, 1L);
        set_function(CURLOPT_DEBUGFUNCTION, &SmtpTransfer::listen);
        set_pointer(CURLOPT_DEBUGDATA, this);
    }

    [[nodiscard]] Outcome judge(CURLcode code) const override {
        if (code == CURLE_OK) return {Outcome::Kind::sent};
        if (reply_code_ >= 400) {
            std::string error = "The mail server " + server_ + " refused " + std::string(name(stage_)) + ": ";
            // Whatever it says about a login may hold a part of it.
            error += stage_ == Stage::authentication ? std::to_string(reply_code_) : reply_;
            const bool about_the_mail = stage_ == Stage::recipient || stage_ == Stage::data;
            const bool for_good = reply_code_ >= 500 && about_the_mail && !is_about_authentication(reply_code_);
            return {for_good ? Outcome::Kind::refused : Outcome::Kind::retry, std::move(error)};
        }
        return {Outcome::Kind::retry, "The mail server " + server_ + ": " + describe(code)};
    }

private:
    // Hears what is said on the connection. Nothing of a login is kept.
    static int listen(CURL*, curl_infotype type, char* data, std::size_t size, void* self) {
        auto& transfer = *static_cast<SmtpTransfer*>(self);
        const std::string_view text(data, size);
        if (type == CURLINFO_HEADER_OUT) transfer.hear_us(text);
        if (type == CURLINFO_HEADER_IN) transfer.hear_the_server(text);
        return 0;
    }
    void hear_us(std::string_view text) {
        const std::string_view verb = text.substr(0, text.find_first_of(" \r\n"));
        leaving_ = leaving_ || verb == "QUIT";
        for (const auto& [command, stage] : commands) {
            if (command != verb) continue;
            stage_ = stage;
            reply_code_ = 0;
        }
    }
    void hear_the_server(std::string_view line) {
        if (leaving_ || line.size() < 4 ||
            !std::all_of(line.begin(), line.begin() + 3, [](char c) { return c >= '0' && c <= '9'; }))
            return;
        reply_code_ = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        const auto end = line.find_last_not_of("\r\n");
        reply_ = printable_ascii(line.substr(0, end + 1), longest_reply);
    }

    const std::string server_;
    Stage stage_ = Stage::greeting;
    bool leaving_ = false;  // libcurl says goodbye before anybody has judged
    int reply_code_ = 0;
    std::string reply_;
};

class MailTransfer final : public SmtpTransfer {
public:
    MailTransfer(const SmtpSettings& settings, const std::string& sender, const std::string& recipient,
                 SecretString mail)
        : SmtpTransfer(settings), mail_(std::move(mail)) {
        set(CURLOPT_MAIL_FROM, "<" + sender + ">");
        recipients_.reset(curl_slist_append(nullptr, ("<" + recipient + ">").c_str()));
        set_pointer(CURLOPT_MAIL_RCPT, recipients_.get());
        set(CURLOPT_UPLOAD, 1L);
        set_function(CURLOPT_READFUNCTION, &MailTransfer::read);
        set_pointer(CURLOPT_READDATA, this);
    }

private:
    struct ListCloser {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };
    static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
        auto& transfer = *static_cast<MailTransfer*>(self);
        const std::string_view left = transfer.mail_.reveal().substr(transfer.read_);
        const std::size_t length = std::min(left.size(), size * count);
        std::memcpy(buffer, left.data(), length);
        transfer.read_ += length;
        return length;
    }

    const SecretString mail_;
    std::size_t read_ = 0;
    std::unique_ptr<curl_slist, ListCloser> recipients_;
};

class Probe final : public SmtpTransfer {
public:
    explicit Probe(const SmtpSettings& settings) : SmtpTransfer(settings) {
        set(CURLOPT_CUSTOMREQUEST, std::string("NOOP"));
        set(CURLOPT_NOBODY, 1L);
    }
};

}  // namespace

std::unique_ptr<Transfer> make_mail_transfer(const SmtpSettings& settings, const std::string& sender,
                                             const std::string& recipient, SecretString mail) {
    return std::make_unique<MailTransfer>(settings, sender, recipient, std::move(mail));
}

std::unique_ptr<Transfer> make_smtp_probe(const SmtpSettings& settings) {
    return std::make_unique<Probe>(settings);
}

}  // namespace postern::delivery
