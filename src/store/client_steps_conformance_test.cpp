// What core's steps about clients need of every engine, when two of them meet.
#include <future>
#include <thread>

#include "core/client_directory.hpp"
#include "core/client_token.hpp"
#include "core/clients.hpp"
#include "core/testing.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::read_and_wait;
using core::Reader;
using core::Transaction;
using core::write_and_wait;

class ClientSteps : public StoreTest {
protected:
    core::ClientWithSecret create(core::Store& store) const {
        const core::NewClient wanted{"billing", {"a", "b"}, {"read"}};
        return MUST(write_and_wait(store, [&](Transaction& transaction) {
            return core::create_client(transaction, wanted, core::testing::actor(), now());
        }));
    }
    // Runs `slow` in a transaction that is not committed while `fast` begins on another node.
    template <typename Slow, typename Fast>
    static void overlap(core::Store& store, core::Store& other, Slow slow, Fast fast) {
        std::promise<void> written;
        std::thread writer([&] {
            bool first = true;
            (void)write_and_wait(store, [&](Transaction& transaction) -> Result<void> {
                TRY(slow(transaction));
                if (std::exchange(first, false)) written.set_value();
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
                return {};
            });
        });
        written.get_future().wait();
        fast(other);
        writer.join();
    }
};

INSTANTIATE_TEST_SUITE_P(On, ClientSteps, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(ClientSteps, ARenamingUndoesNoDisable) {
    auto store = open();
    const auto other = open();
    const auto made = create(*store);
    overlap(
        *store, *other,
        [&](Transaction& transaction) {
            return core::disable_client(transaction, made.client.id, core::testing::actor(), now());
        },
        [&](core::Store& second) {
            const core::ClientChange change{.name = "invoices"};
            MUST(write_and_wait(second, [&](Transaction& transaction) {
                return core::change_client(transaction, made.client.id, change, core::testing::actor(), now());
            }));
        });
    const auto left =
        MUST(read_and_wait(*store, [&](Reader& reader) { return core::get_client(reader, made.client.id); }));
    EXPECT_EQ(left.name, "invoices");
    EXPECT_TRUE(left.disabled_at.has_value());
}

TEST_P(ClientSteps, NoTokenIsIssuedPastADisable) {
    auto store = open();
    const auto other = open();
    const auto made = create(*store);
    core::ClientDirectory directory;
    directory.load({made.client});
    const auto proven = MUST(directory.authenticate(made.client.id.text(), made.secret.reveal()));
    overlap(
        *store, *other,
        [&](Transaction& transaction) {
            return core::disable_client(transaction, made.client.id, core::testing::actor(), now());
        },
        [&](core::Store& second) {
            const auto issued = write_and_wait(second, [&](Transaction& transaction) {
                return core::issue_client_token(transaction, proven, {}, core::testing::policy(), "kid",
                                                core::testing::actor(), now());
            });
            ASSERT_FALSE(issued.has_value());
            EXPECT_EQ(issued.error().code, "invalid_client");
        });
}

}  // namespace
}  // namespace postern::store
