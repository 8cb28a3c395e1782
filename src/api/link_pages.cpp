#include "api/link_pages.hpp"

#include <array>

#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/page.hpp"
#include "api/page_texts.hpp"
#include "api/query.hpp"
#include "api/self_service.hpp"
#include "base/html.hpp"
#include "core/email_change.hpp"
#include "core/invitation.hpp"
#include "core/mailed_link.hpp"
#include "core/password_reset.hpp"
#include "core/sign_up.hpp"

namespace postern::api {
namespace {

using Answer = boost::asio::awaitable<http::Response>;

// What a page's link does: with the token alone, or with a new password.
struct LinkPage {
    std::string_view path;
    core::MailPurpose purpose;
    LinkTexts PageTexts::*texts;
    UseLink use;
    SetPasswordByLink set_password;
};

constexpr std::array<LinkPage, 4> link_pages = {
    {{"/account/verify", core::MailPurpose::verify_email, &PageTexts::verify, &core::verify_email, nullptr},
     {"/account/reset", core::MailPurpose::reset_password, &PageTexts::reset, nullptr, &core::reset_password},
     {"/account/invitation", core::MailPurpose::accept_invitation, &PageTexts::invitation, nullptr,
      &core::accept_invitation},
     {"/account/email", core::MailPurpose::change_email, &PageTexts::email, &core::confirm_email_change, nullptr}}};

// What the browser sent.
struct Form {
    NewPasswordRequest link;
    SecretString repeated;
};

const PageTexts& texts_for(const http::Request& request, std::string_view account_locale = {}) {
    return page_texts(account_locale, request.header("Accept-Language").value_or(""));
}

std::string paragraph(std::string_view text, std::string_view attributes = {}) {
    return "<p" + std::string(attributes) + ">" + escape_html(text) + "</p>\n";
}

http::Response answer_message(int status, std::string_view title, std::string_view text, const PageTexts& texts,
                              const PageStyle& style) {
    return answer_page(status, {std::string(texts.language), std::string(title), paragraph(text)}, style);
}

http::Response answer_trouble(const Error& error, const http::Request& request, const PageTexts& texts,
                              const PageStyle& style) {
    if (error.code == "invalid_link") return answer_message(400, texts.invalid_title, texts.invalid, texts, style);
    // Status, Retry-After and the log line of any other answer; only the body is for a person.
    http::Response machine = answer_error(error, request);
    http::Response page = answer_message(machine.status, texts.trouble_title, texts.trouble, texts, style);
    for (auto& header : machine.headers) {
        if (header.first == "Retry-After") page.headers.push_back(std::move(header));
    }
    return page;
}

std::string password_fields(const PageTexts& texts, std::size_t minimum_characters) {
    const std::string hint = std::string(texts.password_hint) + " " + std::to_string(minimum_characters) + " " +
                             std::string(texts.password_hint_end);
    return "<label for=\"password\">" + escape_html(texts.new_password) +
           "</label>\n<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\" "
           "required "
           "aria-describedby=\"hint\">\n" +
           paragraph(hint, " class=\"hint\" id=\"hint\"") + "<label for=\"repeated\">" +
           escape_html(texts.repeat_password) +
           "</label>\n<input id=\"repeated\" name=\"repeated\" type=\"password\" autocomplete=\"new-password\" "
           "required>\n";
}

// The form of a link that works. `trouble` tells why the last attempt was refused; empty for none.
http::Response answer_form(const LinkPage& page, const core::MailedLink& link, const SecretString& token,
                           std::string_view trouble, const PageTexts& texts, const Service& service) {
    const LinkTexts& words = texts.*page.texts;
    std::string content = trouble.empty() ? "" : paragraph(trouble, " class=\"error\" role=\"alert\"");
    const std::string address = escape_html(link.token.email);
    content += paragraph(words.introduction) + "<p><strong>" + address + "</strong></p>\n<form method=\"post\">\n" +
               "<input type=\"hidden\" name=\"token\" value=\"" + escape_html(token.reveal()) + "\">\n";
    if (page.set_password != nullptr) {
        // For password managers, which otherwise save the password under no name.
        content += "<input type=\"hidden\" autocomplete=\"username\" value=\"" + address + "\">\n" +
                   password_fields(texts, service.account_policy.passwords.minimum_characters);
    }
    content += "<button type=\"submit\">" + escape_html(words.button) + "</button>\n</form>\n";
    return answer_page(trouble.empty() ? 200 : 400, {std::string(texts.language), std::string(words.title), content},
                       service.page_style);
}

SecretString take(std::map<std::string, std::string, std::less<>>& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? SecretString() : SecretString::take_from(found->second);
}

Result<Form> read_form(std::string_view encoded) {
    auto fields = TRY(split_query(encoded));
    return Form{{take(fields, "token"), take(fields, "password")}, take(fields, "repeated")};
}

// Browsers say where a form comes from (Fetch Metadata), older ones at least the origin. Under our own
// Referrer-Policy a form of ours has the origin "null".
Result<void> check_own_form(const http::Request& request, const std::string& public_url) {
    const auto site = request.header("Sec-Fetch-Site");
    const auto origin = request.header("Origin");
    const bool foreign_site = site && *site != "same-origin" && *site != "none";
    const bool foreign_origin = !site && origin && *origin != "null" && *origin != public_url;
    if (foreign_site || foreign_origin) return forbidden("foreign_form", "The form comes from another site");
    return {};
}

boost::asio::awaitable<Result<core::MailedLink>> open_link(const Service& service, const LinkPage& page,
                                                           const SecretString& token) {
    auto open = [&](core::Reader& reader) {
        return core::open_mailed_link(reader, token.reveal(), page.purpose, service.clock.now());
    };
    co_return co_await await_read(service.store, std::move(open));
}

std::string refusal_text(const Error& error, const PageTexts& texts) {
    for (const auto& [code, text] : texts.password_refusals) {
        if (code == error.code && !text.empty()) return std::string(text);
    }
    return error.message;
}

Answer show(const Service& service, const LinkPage& page, const http::Request& request) {
    const PageTexts& texts = texts_for(request);
    const auto form = read_form(request.query);
    if (!form) co_return answer_trouble(form.error(), request, texts, service.page_style);
    auto link = co_await open_link(service, page, form->link.token);
    if (!link) co_return answer_trouble(link.error(), request, texts, service.page_style);
    co_return answer_form(page, *link, form->link.token, "", texts_for(request, link->account.locale), service);
}

// Errors: invalid_input for a password that is refused, which leaves the link alive; those of the link.
boost::asio::awaitable<Result<core::Account>> follow_link(const Service& service, const LinkPage& page,
                                                          const http::Request& request, const Form& form) {
    if (page.set_password == nullptr) co_return co_await use_link(service, request, form.link.token, page.use);
    co_return co_await set_password_by_link(service, request, form.link, page.purpose, page.set_password);
}

Answer submit(const Service& service, const LinkPage& page, const http::Request& request) {
    const PageTexts& asked = texts_for(request);
    const auto own = check_own_form(request, service.public_url);
    if (!own) co_return answer_trouble(own.error(), request, asked, service.page_style);
    const auto form = read_form(request.body);
    if (!form) co_return answer_trouble(form.error(), request, asked, service.page_style);
    auto link = co_await open_link(service, page, form->link.token);
    if (!link) co_return answer_trouble(link.error(), request, asked, service.page_style);

    const PageTexts& texts = texts_for(request, link->account.locale);
    if (page.set_password != nullptr && form->link.password.reveal() != form->repeated.reveal()) {
        co_return answer_form(page, *link, form->link.token, texts.passwords_differ, texts, service);
    }
    auto used = co_await follow_link(service, page, request, *form);
    if (!used && used.error().kind == ErrorKind::invalid_input && used.error().code != "invalid_link") {
        co_return answer_form(page, *link, form->link.token, refusal_text(used.error(), texts), texts, service);
    }
    if (!used) co_return answer_trouble(used.error(), request, texts, service.page_style);
    const LinkTexts& words = texts.*page.texts;
    co_return answer_message(200, words.done_title, words.done, texts, service.page_style);
}

}  // namespace

void add_link_pages(http::Router& router, const Service& service) {
    for (const LinkPage& page : link_pages) {
        router.add(http::Method::get, std::string(page.path),
                   [&service, &page](const http::Request& request) { return show(service, page, request); });
        router.add(http::Method::post, std::string(page.path),
                   [&service, &page](const http::Request& request) { return submit(service, page, request); });
    }
    router.add(http::Method::get, "/account/style.css",
               [&service](const http::Request&) { return answer_stylesheet(service.page_style); });
}

}  // namespace postern::api
