#include "core/revocation_log.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <thread>

namespace postern::core {
namespace {

using Kind = RevocationLogEntry::Kind;
using ChangeKind = RevocationChange::Kind;

ListId list(std::uint8_t number) {
    ListId id;
    id.bytes[15] = number;
    return id;
}

// The bits of the lists, and "all of them" for one that is revoked whole: what a node or a reader knows.
struct Known {
    std::map<ListId, std::set<std::uint32_t>> bits;
    std::set<ListId> revoked;
    bool operator==(const Known&) const = default;

    void learn(const RevocationLogEntry& entry) {
        switch (entry.kind) {
            case Kind::list_opened: bits[entry.list]; break;
            case Kind::slot_revoked: bits[entry.list].insert(entry.slot); break;
            case Kind::list_revoked: revoked.insert(entry.list); break;
            case Kind::keys_changed: break;
        }
    }
};

TEST(RevocationLog, GivesChangesInOrder) {
    RevocationLog log(10);
    EXPECT_EQ(log.position(), 0U);
    log.append({.kind = ChangeKind::list_opened, .list = list(1), .expires_at = from_seconds(7), .slots = {}});
    log.append({.kind = ChangeKind::slots_revoked, .list = list(1), .expires_at = {}, .slots = {5, 9}});
    log.append({.kind = ChangeKind::list_revoked, .list = list(2), .expires_at = {}, .slots = {}});
    log.append_keys_changed();
    EXPECT_EQ(log.position(), 5U);
    std::vector<RevocationLogEntry> entries;
    ASSERT_TRUE(log.read_after(0, 100, entries));
    ASSERT_EQ(entries.size(), 5U);
    EXPECT_EQ(entries[0].kind, Kind::list_opened);
    EXPECT_EQ(entries[0].expires_at, from_seconds(7));
    EXPECT_EQ(entries[1].slot, 5U);
    EXPECT_EQ(entries[2].slot, 9U);
    EXPECT_EQ(entries[2].list, list(1));
    EXPECT_EQ(entries[3].kind, Kind::list_revoked);
    EXPECT_EQ(entries[3].list, list(2));
    EXPECT_EQ(entries[4].kind, Kind::keys_changed);
    ASSERT_TRUE(log.read_after(1, 2, entries));
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[1].slot, 9U);
    ASSERT_TRUE(log.read_after(5, 2, entries));
    EXPECT_TRUE(entries.empty());
}

TEST(RevocationLog, SaysWhenItHasForgotten) {
    RevocationLog log(4);
    std::vector<RevocationLogEntry> entries;
    log.append({.kind = ChangeKind::slots_revoked, .list = list(1), .expires_at = {}, .slots = {0, 1, 2, 3}});
    EXPECT_TRUE(log.read_after(0, 10, entries));
    log.append_keys_changed();
    EXPECT_FALSE(log.read_after(0, 10, entries));
    EXPECT_TRUE(entries.empty());
    ASSERT_TRUE(log.read_after(1, 10, entries));
    EXPECT_EQ(entries.size(), 4U);
    EXPECT_EQ(entries.back().kind, Kind::keys_changed);
    // A change that is larger than the whole memory.
    log.append({.kind = ChangeKind::slots_revoked, .list = list(1), .expires_at = {}, .slots = {0, 1, 2, 3, 4, 5}});
    EXPECT_FALSE(log.read_after(5, 10, entries));
    EXPECT_TRUE(log.read_after(11, 10, entries));
}

TEST(RevocationLog, KnowsItsOwnPositionsOnly) {
    RevocationLog log(4);
    const RevocationLog other(4);
    log.append_keys_changed();
    EXPECT_EQ(log.parse(log.text_of(0)), 0U);
    EXPECT_EQ(log.parse(log.text_of(1)), 1U);
    EXPECT_EQ(log.parse(log.text_of(2)), std::nullopt);
    EXPECT_EQ(other.parse(log.text_of(0)), std::nullopt);
    const std::string one = log.text_of(1);
    for (const std::string& text :
         {std::string(), std::string("0"), one + "x", one + " ", "x" + one, one.substr(1),
          one.substr(0, one.size() - 1), one.substr(0, one.size() - 1) + "-1", one + "00000000000000000000"}) {
        EXPECT_EQ(log.parse(text), std::nullopt) << text;
    }
}

// A reader that takes a position, then the lists one by one, then the changes in pieces, while a node goes on revoking
// in between; when it is too far behind, it begins again.
class Reader {
public:
    Reader(const RevocationLog& log, const Known& node) : log_(log), node_(node) {}

    void step(std::size_t most) {
        if (waiting_.has_value() && !waiting_->empty()) return take_list();
        std::vector<RevocationLogEntry> entries;
        if (!waiting_.has_value() || !log_.read_after(position_, most, entries)) return begin();
        for (const RevocationLogEntry& entry : entries) known_.learn(entry);
        position_ += entries.size();
    }
    [[nodiscard]] bool is_current() const {
        return waiting_.has_value() && waiting_->empty() && position_ == log_.position();
    }
    [[nodiscard]] const Known& known() const { return known_; }

private:
    void begin() {
        position_ = log_.position();
        waiting_.emplace();
        for (const auto& [id, bits] : node_.bits) waiting_->push_back(id);
    }
    void take_list() {
        const ListId id = waiting_->back();
        waiting_->pop_back();
        const auto& bits = node_.bits.at(id);
        known_.bits[id].insert(bits.begin(), bits.end());
        if (node_.revoked.contains(id)) known_.revoked.insert(id);
    }

    const RevocationLog& log_;
    const Known& node_;
    std::optional<std::vector<ListId>> waiting_;  // lists of the snapshot that are not taken yet; nothing: not begun
    RevocationPosition position_ = 0;
    Known known_;
};

// As the store does: first the bits, then the word of it.
void change(Known& node, RevocationLog& log) {
    const auto id = list(*rc::gen::inRange<std::uint8_t>(0, 3));
    if (!node.bits.contains(id)) {
        node.bits[id];
        return log.append({.kind = ChangeKind::list_opened, .list = id, .expires_at = {}, .slots = {}});
    }
    if (*rc::gen::inRange(0, 20) == 0) {
        node.revoked.insert(id);
        return log.append({.kind = ChangeKind::list_revoked, .list = id, .expires_at = {}, .slots = {}});
    }
    const auto slots = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 64));
    node.bits[id].insert(slots.begin(), slots.end());
    log.append({.kind = ChangeKind::slots_revoked, .list = id, .expires_at = {}, .slots = slots});
}

RC_GTEST_PROP(RevocationLog, LeavesEveryReaderWithExactlyTheBits, ()) {
    RevocationLog log(*rc::gen::inRange<std::size_t>(1, 200));
    Known node;
    std::vector<Reader> readers(3, Reader(log, node));
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6));
    for (const int step : steps) {
        if (step < 3) {
            readers[static_cast<std::size_t>(step)].step(*rc::gen::inRange<std::size_t>(1, 20));
        } else {
            change(node, log);
        }
    }
    for (Reader& reader : readers) {
        while (!reader.is_current()) reader.step(7);
        RC_ASSERT(reader.known() == node);
    }
}

TEST(RevocationLog, IsReadWhileOthersWrite) {
    constexpr std::uint32_t bits = 20'000;
    RevocationLog log(bits * 2);
    std::vector<std::thread> writers;
    for (std::uint32_t writer = 0; writer < 2; ++writer) {
        writers.emplace_back([&log, writer] {
            for (std::uint32_t i = 0; i < bits; ++i) {
                log.append(
                    {.kind = ChangeKind::slots_revoked, .list = list(1), .expires_at = {}, .slots = {2 * i + writer}});
            }
        });
    }
    std::set<std::uint32_t> seen;
    RevocationPosition position = 0;
    std::vector<RevocationLogEntry> entries;
    while (seen.size() < 2 * bits) {
        ASSERT_TRUE(log.read_after(position, 256, entries));
        for (const auto& entry : entries) EXPECT_TRUE(seen.insert(entry.slot).second);
        position += entries.size();
    }
    EXPECT_EQ(position, 2U * bits);
    for (auto& writer : writers) writer.join();
}

}  // namespace
}  // namespace postern::core
