// Tokens per second of CPU: the library warm (signature remembered) and cold, and bare OpenSSL. EdDSA. Prints JSON.
#include <ctime>
#include <iostream>

#include "postern/verifier.hpp"
#include "testing.hpp"

namespace postern::client {
namespace {

constexpr double seconds = 1.0;              // of CPU: what else the machine does must not count
constexpr std::uint32_t tokens_made = 1024;  // one for each slot of the issuer's list

double cpu_now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// `act` gets 0, 1, 2, …, fewer than `most` of them.
template <typename Act>
std::int64_t rate_of(std::uint32_t most, Act act) {
    const double began = cpu_now();
    std::uint32_t done = 0;
    while (done < most && cpu_now() - began < seconds) act(done++);
    return static_cast<std::int64_t>(done / (cpu_now() - began));
}

std::int64_t bare_rate() {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                                  EVP_PKEY_free);
    const std::vector<std::uint8_t> text(700, 'a');  // about what a token signs
    std::array<std::uint8_t, 64> signature{};
    std::size_t size = signature.size();
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> signing(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestSignInit(signing.get(), nullptr, nullptr, nullptr, key.get());
    EVP_DigestSign(signing.get(), signature.data(), &size, text.data(), text.size());
    return rate_of(UINT32_MAX, [&](std::uint32_t) {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get());
        if (EVP_DigestVerify(context.get(), signature.data(), size, text.data(), text.size()) != 1) std::abort();
    });
}

int measure() {
    Issuer issuer;
    LoopbackServer server([&](const std::string&, const std::string& path, LoopbackServer::Stream& stream) {
        stream.answer(200, "", path.starts_with("/status-lists/") ? issuer.list({}) : issuer.jwks());
    });
    issuer.url = server.url();
    std::vector<std::string> tokens;
    for (std::uint32_t index = 0; index < tokens_made; ++index) tokens.push_back(issuer.token(index));
    VerifierOptions options;
    options.issuer = issuer.url;
    options.audience = "https://api.example";
    options.cache_size = tokens_made;
    const Verifier verifier(options);
    const auto verify = [&](std::uint32_t number) {
        if (!verifier.check(tokens[number % tokens_made])) std::abort();
    };
    verify(tokens_made - 1);
    const auto cold = rate_of(tokens_made - 1, verify);
    const auto warm = rate_of(UINT32_MAX, [&](std::uint32_t number) { verify(number); });
    std::cout << json::object{{"warm", warm}, {"cold", cold}, {"bare", bare_rate()}} << '\n';
    return 0;
}

}  // namespace
}  // namespace postern::client

int main() {
    return postern::client::measure();
}
