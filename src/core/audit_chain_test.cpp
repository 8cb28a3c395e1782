#include "core/audit_chain.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <variant>

#include "base/encoding.hpp"
#include "core/audit_trail.hpp"
#include "core/testing_audit.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;
using testing::seal_all;
using testing::WordAuditSigner;

const Timestamp start = from_seconds(1'800'000'000);

// Some records of each shape: with and without account, session and personal fields.
void add_records(Store& store, int count, Timestamp at) {
    const auto account = AccountId::make(at);
    const auto session = SessionId::make(at);
    const auto done = write_and_wait(store, [&](Transaction& transaction) -> Result<void> {
        for (int i = 0; i < count; ++i) {
            const auto moment = at + Milliseconds(i);
            switch (i % 3) {
                case 0: TRY(record(transaction, "keys.initialised", {"system", "", ""}, {}, "success", moment)); break;
                case 1:
                    TRY(record(transaction, "login", {account.text(), "192.0.2.1", "curl/8"}, {account, session},
                               "success", moment));
                    break;
                default:
                    TRY(record(transaction, "login", {"anonymous", "192.0.2.9", ""}, {account, {}, "ada@example.org"},
                               "invalid_credentials", i, moment));
            }
        }
        return {};
    });
    ASSERT_TRUE(done.has_value()) << done.error().message;
}

// As it would stand in an exported file.
using Piece = std::variant<AuditRecord, AuditCheckpoint>;
using Trail = std::vector<Piece>;

Trail trail_of(Store& store) {
    Trail trail;
    const auto add = [&trail](const auto& piece) -> Result<bool> {
        trail.emplace_back(piece);
        return true;
    };
    const auto read =
        read_and_wait(store, [&](Reader& reader) { return visit_trail(reader, {.record = add, .checkpoint = add}); });
    if (!read.has_value()) throw std::runtime_error(read.error().message);
    return trail;
}

TrailReport verify(const Trail& trail, const AuditVerifier* verifier,
                   std::optional<Timestamp> removable_before = std::nullopt) {
    TrailVerifier verification(verifier, removable_before);
    for (const Piece& piece : trail) std::visit([&](const auto& value) { verification.add(value); }, piece);
    return verification.finish();
}

AuditRecord* record_at(Piece& piece) {
    return std::get_if<AuditRecord>(&piece);
}

// A trail of 12 records with checkpoints at 5 and 9 (an hour apart, so that they are kept) and at 12.
class AuditChain : public ::testing::Test {
protected:
    AuditChain() {
        add_records(store_, 5, start);
        (void)seal_all(store_, signer_, start);
        add_records(store_, 4, start + 1h);
        (void)seal_all(store_, signer_, start + 1h);
        add_records(store_, 3, start + 2h);
        (void)seal_all(store_, signer_, start + 2h);
        trail_ = trail_of(store_);
    }
    AuditRecord& record_of(std::int64_t sequence) {
        for (Piece& piece : trail_) {
            AuditRecord* found = record_at(piece);
            if (found != nullptr && found->sequence == sequence) return *found;
        }
        throw std::runtime_error("no such record");
    }
    void erase_piece(const std::function<bool(Piece&)>& condition) { std::erase_if(trail_, condition); }
    void erase_record(std::int64_t sequence) {
        erase_piece(
            [&](Piece& piece) { return record_at(piece) != nullptr && record_at(piece)->sequence == sequence; });
    }
    void erase_checkpoint(std::int64_t sequence) {
        erase_piece([&](Piece& piece) {
            const auto* found = std::get_if<AuditCheckpoint>(&piece);
            return found != nullptr && found->sequence == sequence;
        });
    }
    void expect_breach(BreachKind kind, std::int64_t sequence) {
        const auto report = verify(trail_, &signer_);
        ASSERT_TRUE(report.breach.has_value());
        EXPECT_EQ(word(report.breach->kind), word(kind)) << report.breach->message;
        EXPECT_EQ(report.breach->sequence, sequence) << report.breach->message;
    }

    WordAuditSigner signer_;
    MemoryStore store_{start};
    Trail trail_;
};

TEST_F(AuditChain, AcceptsWhatWasSealed) {
    const auto report = verify(trail_, &signer_);
    EXPECT_FALSE(report.breach.has_value()) << report.breach->message;
    EXPECT_EQ(report.records, 12);
    EXPECT_EQ(report.checkpoints, 3);
    EXPECT_EQ(report.proven, 12);
    EXPECT_EQ(report.first, 1);
    EXPECT_EQ(report.last, 12);
    EXPECT_EQ(report.erased, 0);
    EXPECT_EQ(report.unsealed, 0);
    EXPECT_FALSE(report.begins_after.has_value());
}

TEST_F(AuditChain, HasOneFormForGood) {
    AuditRecord record;
    record.at = from_milliseconds(1);
    record.event = "login";
    record.actor = "system";
    record.outcome = "success";
    record.address = "192.0.2.1";
    record.salt = {1, 2, 3};
    record.sequence = 1;
    record.personal_digest = personal_digest_of(record);
    // From an independent computation after the table in audit_chain.hpp: a change would break every trail there is.
    EXPECT_EQ(encode_hex(record.personal_digest), "3892936b415bd1d35b31fa596b3b466c4d30f68ae7c413b1d612384ded185acf");
    EXPECT_EQ(encode_hex(chain_start()), "79493926799f20428b43ba6e96883be7d564082dd16e16e355873b2be554601e");
    EXPECT_EQ(encode_hex(chain_after(chain_start(), record)),
              "d020460f41ad053503c2500bdc528c131b9f291f21747fa7eb4ecde8ffbfba64");
}

TEST_F(AuditChain, NamesTheFirstRecordThatIsMissing) {
    erase_record(7);
    erase_record(8);
    expect_breach(BreachKind::missing, 7);
}

TEST_F(AuditChain, NamesTheRecordsThatWereCutOffAtTheEnd) {
    erase_record(11);
    erase_record(12);
    expect_breach(BreachKind::missing, 11);
}

TEST_F(AuditChain, NamesRecordsThatNoCheckpointCovers) {
    erase_checkpoint(12);
    expect_breach(BreachKind::not_covered, 10);
}

TEST_F(AuditChain, RefusesABeginningCutOffWithoutACheckpointToBeginFrom) {
    for (const int sequence : {1, 2, 3}) erase_record(sequence);
    expect_breach(BreachKind::beginning, 1);
}

TEST_F(AuditChain, AcceptsATrailThatRetentionHasCut) {
    for (const int sequence : {1, 2, 3, 4, 5}) erase_record(sequence);
    const auto report = verify(trail_, &signer_, start + 1s);
    EXPECT_FALSE(report.breach.has_value()) << report.breach->message;
    EXPECT_EQ(report.first, 6);
    ASSERT_TRUE(report.begins_after.has_value());
    EXPECT_EQ(report.begins_after->sequence, 5);

    // The same cut before its time is somebody's who has something to hide.
    const auto early = verify(trail_, &signer_, start);
    ASSERT_TRUE(early.breach.has_value());
    EXPECT_EQ(early.breach->kind, BreachKind::beginning);
}

TEST_F(AuditChain, AcceptsATrailOfWhichRetentionHasLeftACheckpointAlone) {
    erase_piece([](Piece& piece) { return record_at(piece) != nullptr; });
    erase_checkpoint(5);
    erase_checkpoint(9);
    EXPECT_FALSE(verify(trail_, &signer_).breach.has_value());
    EXPECT_TRUE(verify(trail_, &signer_, start).breach.has_value());
}

TEST_F(AuditChain, NamesRecordsThatAreGoneBetweenTwoCheckpointsAtTheBeginning) {
    for (int sequence = 1; sequence <= 9; ++sequence) erase_record(sequence);
    expect_breach(BreachKind::missing, 6);
}

TEST_F(AuditChain, FindsOutWhenTheChainWasComputedAnew) {
    record_of(7).actor = "cli:mallory";
    ChainValue chain = chain_start();
    for (int sequence = 1; sequence <= 12; ++sequence) {
        chain = chain_after(chain, record_of(sequence));
        record_of(sequence).chain = chain;
    }
    // Which of the records behind the checkpoint at 5 it was can no longer be told.
    expect_breach(BreachKind::checkpoint, 6);
}

TEST_F(AuditChain, FindsAForgedCheckpoint) {
    const WordAuditSigner mallory("audit-2");
    for (Piece& piece : trail_) {
        auto* checkpoint = std::get_if<AuditCheckpoint>(&piece);
        if (checkpoint == nullptr || checkpoint->sequence != 9) continue;
        auto signature = mallory.sign_audit(signed_text(*checkpoint));
        checkpoint->kid = signature->kid;
        checkpoint->signature = signature->bytes;
    }
    expect_breach(BreachKind::checkpoint, 9);
    EXPECT_FALSE(verify(trail_, nullptr).breach.has_value());
}

TEST_F(AuditChain, LeavesTheProofWhenPersonalFieldsAreErased) {
    AuditRecord& login = record_of(2);
    login.address.clear();
    login.user_agent.clear();
    login.salt.clear();
    const auto report = verify(trail_, &signer_);
    EXPECT_FALSE(report.breach.has_value()) << report.breach->message;
    EXPECT_EQ(report.erased, 1);

    login.address = "198.51.100.1";
    expect_breach(BreachKind::personal_fields, 2);
}

TEST_F(AuditChain, CountsWhatIsNotSealedYet) {
    add_records(store_, 2, start + 3h);
    const auto report = verify(trail_of(store_), &signer_);
    EXPECT_FALSE(report.breach.has_value());
    EXPECT_EQ(report.unsealed, 2);
}

TEST_F(AuditChain, CountsRecordsOfAnOlderVersionApart) {
    MemoryStore store(start);
    AuditRecord old;
    old.id = AuditId::make(start);
    old.at = start;
    old.event = "login";
    old.address = "192.0.2.1";
    ASSERT_TRUE(
        write_and_wait(store, [&](Transaction& transaction) { return transaction.insert_audit(old); }).has_value());
    ASSERT_TRUE(seal_all(store, signer_, start).has_value());
    const auto report = verify(trail_of(store), &signer_);
    EXPECT_FALSE(report.breach.has_value());
    EXPECT_EQ(report.unprotected, 1);
    EXPECT_EQ(report.erased, 0);
}

// --- Every single change of a random trail is found, and named -----------------------------------------------------

struct SealedTrail {
    WordAuditSigner signer;
    Trail pieces;
    std::vector<std::size_t> records;  // places of the records in it

    explicit SealedTrail(int count) {
        MemoryStore store(start);
        add_records(store, count, start);
        (void)seal_all(store, signer, start);
        pieces = trail_of(store);
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (record_at(pieces[i]) != nullptr) records.push_back(i);
        }
    }
    AuditRecord& at(std::size_t number) { return *record_at(pieces.at(records.at(number))); }
    // The place of the breach; 0 when nothing was found.
    [[nodiscard]] std::int64_t breach() const {
        const auto report = verify(pieces, &signer, start);
        return report.breach ? report.breach->sequence : 0;
    }
};

std::string changed(std::string text) {
    const auto place = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    if (place == text.size() || *rc::gen::arbitrary<bool>()) {
        text.insert(place, 1, *rc::gen::inRange('a', 'z'));
    } else {
        text.erase(place, 1);
    }
    return text;
}

std::vector<std::uint8_t> changed(std::vector<std::uint8_t> bytes) {
    const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes.at(place) ^= static_cast<std::uint8_t>(*rc::gen::inRange(1, 256));
    return bytes;
}

template <typename Tag>
std::optional<Id<Tag>> changed(const std::optional<Id<Tag>>& id) {
    return id && *rc::gen::arbitrary<bool>() ? std::nullopt : std::optional(Id<Tag>::make(start));
}

const std::vector<std::function<void(AuditRecord&)>> changes = {
    [](AuditRecord& record) { record.id = AuditId::make(start); },
    [](AuditRecord& record) { record.at += Milliseconds(*rc::gen::inRange(1, 100000)); },
    [](AuditRecord& record) { record.event = changed(record.event); },
    [](AuditRecord& record) { record.actor = changed(record.actor); },
    [](AuditRecord& record) { record.account_id = changed(record.account_id); },
    [](AuditRecord& record) { record.session_id = changed(record.session_id); },
    [](AuditRecord& record) { record.outcome = changed(record.outcome); },
    [](AuditRecord& record) { record.count += *rc::gen::inRange(1, 1000); },
    [](AuditRecord& record) { record.address = changed(record.address); },
    [](AuditRecord& record) { record.user_agent = changed(record.user_agent); },
    [](AuditRecord& record) { record.detail = changed(record.detail); },
    [](AuditRecord& record) { record.salt = changed(record.salt); },
    [](AuditRecord& record) { record.personal_digest = changed(record.personal_digest); },
    [](AuditRecord& record) { record.personal_digest.clear(); },
    [](AuditRecord& record) { record.chain = changed(record.chain); },
    [](AuditRecord& record) { record.chain.clear(); },
    [](AuditRecord& record) { record.sequence = *record.sequence + *rc::gen::inRange(1, 100); },
    [](AuditRecord& record) { record.sequence = *record.sequence - *rc::gen::inRange(1, 100); },
    [](AuditRecord& record) { record.sequence.reset(); },
};

RC_GTEST_PROP(AuditTampering, AnyFieldOfAnyRecord, ()) {
    SealedTrail trail(*rc::gen::inRange(1, 40));
    const auto number = *rc::gen::inRange<std::size_t>(0, trail.records.size());
    const auto change = *rc::gen::inRange<std::size_t>(0, changes.size());
    changes[change](trail.at(number));
    RC_TAG(change);
    RC_ASSERT(trail.breach() == static_cast<std::int64_t>(number + 1));
}

RC_GTEST_PROP(AuditTampering, AnyRecordDeleted, ()) {
    SealedTrail trail(*rc::gen::inRange(1, 40));
    const auto number = *rc::gen::inRange<std::size_t>(0, trail.records.size());
    const auto count = *rc::gen::inRange<std::size_t>(1, trail.records.size() - number + 1);
    const auto first = trail.pieces.begin() + static_cast<std::ptrdiff_t>(trail.records[number]);
    trail.pieces.erase(first, first + static_cast<std::ptrdiff_t>(count));
    RC_ASSERT(trail.breach() == static_cast<std::int64_t>(number + 1));
}

RC_GTEST_PROP(AuditTampering, AnyTwoRecordsSwapped, ()) {
    SealedTrail trail(*rc::gen::inRange(2, 40));
    const auto earlier = *rc::gen::inRange<std::size_t>(0, trail.records.size() - 1);
    const auto later = *rc::gen::inRange<std::size_t>(earlier + 1, trail.records.size());
    std::swap(trail.at(earlier), trail.at(later));
    // With their numbers exchanged too, it is the contents that do not fit.
    if (*rc::gen::arbitrary<bool>()) std::swap(trail.at(earlier).sequence, trail.at(later).sequence);
    RC_ASSERT(trail.breach() == static_cast<std::int64_t>(earlier + 1));
}

RC_GTEST_PROP(AuditTampering, ARecordInserted, ()) {
    SealedTrail trail(*rc::gen::inRange(1, 40));
    const auto number = *rc::gen::inRange<std::size_t>(0, trail.records.size());
    AuditRecord forged = trail.at(number);
    forged.event = "account.created";
    const ChainValue before = number == 0 ? chain_start() : trail.at(number - 1).chain;
    forged.chain = chain_after(before, forged);
    // The rest moved on by one, but not computed anew.
    const bool moves = *rc::gen::arbitrary<bool>();
    for (std::size_t i = number; moves && i < trail.records.size(); ++i)
        trail.at(i).sequence = *trail.at(i).sequence + 1;
    trail.pieces.insert(trail.pieces.begin() + static_cast<std::ptrdiff_t>(trail.records[number]), forged);
    // The forged one follows by itself; the next does not.
    RC_ASSERT(trail.breach() == static_cast<std::int64_t>(number + 2));
}

RC_GTEST_PROP(AuditTampering, ATrailCutAnywhere, ()) {
    SealedTrail trail(*rc::gen::inRange(1, 40));
    const auto left = *rc::gen::inRange<std::size_t>(1, trail.pieces.size());
    trail.pieces.resize(left);
    // Only the signed end tells that there was more: what is left of the records is covered by nothing.
    RC_ASSERT(trail.breach() == 1);
}

RC_GTEST_PROP(AuditTampering, AnyFieldOfACheckpoint, ()) {
    SealedTrail trail(*rc::gen::inRange(1, 40));
    auto& checkpoint = std::get<AuditCheckpoint>(trail.pieces.back());
    switch (*rc::gen::inRange(0, 5)) {
        case 0: checkpoint.sequence += *rc::gen::inRange(1, 9); break;
        case 1: checkpoint.chain = changed(checkpoint.chain); break;
        case 2: checkpoint.at -= 1ms; break;
        case 3: checkpoint.kid = changed(checkpoint.kid); break;
        default: checkpoint.signature = changed(checkpoint.signature);
    }
    const auto report = verify(trail.pieces, &trail.signer);
    RC_ASSERT(report.breach.has_value());
    RC_ASSERT(report.breach->kind == BreachKind::checkpoint);
}

}  // namespace
}  // namespace postern::core
