#include "api/page_texts.hpp"

#include <array>

#include "base/ascii.hpp"

namespace postern::api {
namespace {

constexpr PageTexts english = {
    .language = "en",
    .verify = {.title = "Confirm your address",
               .introduction = "Is this your address, and did you sign up with it?",
               .button = "Yes, confirm it",
               .done_title = "Address confirmed",
               .done = "You can log in now."},
    .reset = {.title = "Choose a new password",
              .introduction = "A new password for the account of",
              .button = "Set the password",
              .done_title = "Password set",
              .done = "Everything that was logged in with the old password has been logged out. Log in with the new "
                      "one."},
    .invitation = {.title = "Welcome",
                   .introduction = "Choose a password to open your account for",
                   .button = "Open the account",
                   .done_title = "Your account is open",
                   .done = "You can log in now."},
    .email = {.title = "Change your address",
              .introduction = "From now on, log in and get mail with this address?",
              .button = "Yes, change it",
              .done_title = "Address changed",
              .done = "Log in with the new address from now on."},
    .new_password = "New password",
    .repeat_password = "The same again",
    .password_hint = "At least",
    .password_hint_end = "characters. A few words in a row are easy to remember.",
    .passwords_differ = "The two passwords differ.",
    .password_refusals = {},
    .invalid_title = "This link does not work",
    .invalid = "It has been used already, has expired, or was not copied as a whole. Ask for a new one.",
    .trouble_title = "That did not work",
    .trouble = "Please try again in a moment.",
};

constexpr PageTexts german = {
    .language = "de",
    .verify = {.title = "Adresse bestätigen",
               .introduction = "Ist das Ihre Adresse, und haben Sie sich damit angemeldet?",
               .button = "Ja, bestätigen",
               .done_title = "Adresse bestätigt",
               .done = "Sie können sich jetzt einloggen."},
    .reset = {.title = "Neues Passwort wählen",
              .introduction = "Ein neues Passwort für das Konto von",
              .button = "Passwort setzen",
              .done_title = "Passwort gesetzt",
              .done = "Alles, was mit dem alten Passwort eingeloggt war, ist abgemeldet. Loggen Sie sich mit dem neuen "
                      "ein."},
    .invitation = {.title = "Willkommen",
                   .introduction = "Wählen Sie ein Passwort, um Ihr Konto zu öffnen:",
                   .button = "Konto öffnen",
                   .done_title = "Ihr Konto ist offen",
                   .done = "Sie können sich jetzt einloggen."},
    .email = {.title = "Adresse ändern",
              .introduction = "Von jetzt an mit dieser Adresse einloggen und Post bekommen?",
              .button = "Ja, ändern",
              .done_title = "Adresse geändert",
              .done = "Loggen Sie sich von jetzt an mit der neuen Adresse ein."},
    .new_password = "Neues Passwort",
    .repeat_password = "Noch einmal dasselbe",
    .password_hint = "Mindestens",
    .password_hint_end = "Zeichen. Ein paar Wörter hintereinander merkt man sich leicht.",
    .passwords_differ = "Die beiden Passwörter sind verschieden.",
    .password_refusals = {{{"password_too_short", "Das Passwort ist zu kurz."},
                           {"password_too_long", "Das Passwort ist zu lang."},
                           {"password_guessable",
                            "Das Passwort lässt sich aus der Adresse oder dem Namen des Dienstes "
                            "erraten, oder ist ein einziges Zeichen, wiederholt."},
                           {"password_known", "Das Passwort steht auf Listen, die Angreifer zuerst versuchen."},
                           {"invalid_password", "Das Passwort enthält Zeichen, die nicht gehen."}}},
    .invalid_title = "Dieser Link geht nicht",
    .invalid = "Er ist schon benutzt, abgelaufen oder nicht ganz kopiert worden. Fordern Sie einen neuen an.",
    .trouble_title = "Das hat nicht geklappt",
    .trouble = "Bitte versuchen Sie es gleich noch einmal.",
};

constexpr std::array<const PageTexts*, 2> languages = {&english, &german};

// "de-AT" is German.
const PageTexts* find_language(std::string_view tag) {
    const std::string_view primary = tag.substr(0, tag.find_first_of("-;"));
    for (const PageTexts* texts : languages) {
        if (equal_ignoring_case(texts->language, trim_spaces(primary))) return texts;
    }
    return nullptr;
}

}  // namespace

const PageTexts& page_texts(std::string_view account_locale, std::string_view accept_language) {
    if (const PageTexts* own = find_language(account_locale)) return *own;
    while (!accept_language.empty()) {
        if (const PageTexts* asked = find_language(take_list_member(accept_language))) return *asked;
    }
    return english;
}

}  // namespace postern::api
