// One server on a database that can fail, and that can die and start again: what the engines of src/store do around a
// transaction, with the real bitmaps and open lists of that room, and the keys that it knows.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "core/access.hpp"
#include "core/signer.hpp"
#include "dice.hpp"
#include "model.hpp"
#include "transaction.hpp"

namespace postern::simulation {

// Tokens are entries of a table, each under its key; keys are as real ones are.
class KeyTable final : public core::Signer {
public:
    void load(const std::vector<core::StoredKey>& keys);
    // Strings of the tokens that clients no longer have.
    void forget(const std::string& access, const std::string& refresh);

    Result<std::string> access_kid() const override { return active(core::KeyPurpose::access); }
    Result<std::string> sign(const core::AccessClaims& claims, std::string_view kid) const override;
    Result<std::string> sign(const core::RefreshClaims& claims) const override;
    Result<std::string> sign(const core::StatusListClaims&) const override { return std::string(); }
    Result<core::AccessClaims> read_access(std::string_view token) const override;
    Result<core::RefreshClaims> read_refresh(std::string_view token) const override;
    [[nodiscard]] std::uint64_t generation() const noexcept override { return generation_; }
    [[nodiscard]] std::shared_ptr<const std::string> jwks() const override { return nullptr; }

private:
    Result<std::string> active(core::KeyPurpose purpose) const;
    Result<void> believe(const std::string& kid) const;

    std::map<std::string, core::StoredKey> keys_;
    std::uint64_t generation_ = 1;
    mutable std::map<std::string, std::pair<std::string, core::AccessClaims>, std::less<>> access_;
    mutable std::map<std::string, std::pair<std::string, core::RefreshClaims>, std::less<>> refresh_;
    mutable std::uint64_t made_ = 0;
};

enum class Engine { sqlite, postgresql };

class Server final : public core::Store {
public:
    Server(Engine engine, Dice& dice, const FakeClock& clock, const core::TokenPolicy& policy, Model& model);

    // Runs within the caller's fiber; `done` has run when it returns.
    void read(ReadWork work, Done done) override;
    void write(WriteWork work, Done done) override;
    void catch_up(Done done) override;
    [[nodiscard]] const core::Revocations& revocations() const noexcept override { return *bitmaps_; }
    void on_keys_changed(std::function<void()>) override {}
    void on_clients_changed(std::function<void()>) override {}
    void on_revocations(std::function<void(const core::RevocationChange&)>) override {}
    [[nodiscard]] core::StoreFigures figures() const override { return {}; }
    std::vector<core::Finding> diagnose() override { return {}; }

    // What the next write is for; to be said right before it.
    void say(Cause cause) { next_cause_ = std::move(cause); }

    // kill -9 and a start: what was in flight is lost, what is in memory is read again.
    void die();
    [[nodiscard]] std::uint64_t life() const { return life_; }
    void load_keys();
    void sweep(Milliseconds session_retention);
    void check_published_lists();

    KeyTable& signer() { return signer_; }
    // Mails that wait, and all else that no invariant is about.
    core::MemoryTables& others() { return others_; }
    // Without faults, to set a scene up.
    void be_reliable(bool reliable) { reliable_ = reliable; }
    core::AccessChecker& checker() { return *checker_; }

private:
    Result<void> run(const WriteWork& work, const Cause& cause);
    Result<void> open_list(const std::string& kid, Timestamp now);
    void start();
    [[nodiscard]] bool fails_once_in(std::size_t times) { return !reliable_ && dice_.one_in(times); }

    const Engine engine_;
    Dice& dice_;
    const FakeClock& clock_;
    const core::TokenPolicy& policy_;
    Model& model_;
    Tables tables_;
    core::MemoryTables others_;
    std::vector<Transaction*> running_;
    Transaction* writer_ = nullptr;  // SQLite: one at a time

    std::unique_ptr<store::Bitmaps> bitmaps_;
    std::unique_ptr<store::OpenLists> open_lists_;
    std::unique_ptr<core::AccessChecker> checker_;
    KeyTable signer_;
    std::vector<store::Pending> feed_;             // committed, and not in the bitmaps yet
    std::vector<const store::Pending*> flipping_;  // of writes between their commit and their bits
    std::uint64_t life_ = 0;
    bool reliable_ = false;
    Cause next_cause_;
};

}  // namespace postern::simulation
