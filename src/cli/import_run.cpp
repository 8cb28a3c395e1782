#include "cli/import_run.hpp"

#include <boost/json/object.hpp>
#include <future>
#include <ostream>
#include <thread>
#include <utility>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "cli/interruption.hpp"
#include "cli/progress.hpp"
#include "cli/refusal_report.hpp"

namespace postern::cli {
namespace {

// Names a file by its content and by what is to be made of it: another --map or --kind is another import.
std::string name_of(const Digest& content, const ImportSource& source, const ImportOptions& options) {
    std::string text = encode_hex(content) + ' ' + std::string(word(source.origin())) + ' ' +
                       std::string(core::word(options.kind)) + ' ' +
                       std::to_string(static_cast<int>(options.activation));
    for (const auto& [field, column] : options.map) text += '\n' + std::string(core::word(field)) + '=' + column;
    return encode_hex(digest(text));
}

// Some records on their way: what they made, and where each came from.
struct Batch {
    core::ImportBatch accounts;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> places;  // of each account: record and place
    std::vector<Refusal> refused;
    std::uint64_t records = 0;
};

class Import {
public:
    Import(const Call& call, const ImportOptions& options, InputFile& file, ImportSource& source, core::Store& store,
           const core::Hasher& hasher)
        : call_(call),
          options_(options),
          file_(file),
          source_(source),
          store_(store),
          tools_{call.tools.text, call.tools.hash_importer, hasher} {
        rules_ = source.rules();
        rules_.kind = options.kind;
        rules_.activation = options.activation;
    }

    ~Import() {
        if (written_.valid()) written_.wait();  // it uses this
    }
    Import(const Import&) = delete;
    Import& operator=(const Import&) = delete;

    Result<Answer> run() {
        total_ = TRY(count_records());
        name_ = name_of(TRY(file_.digest()), source_, options_);
        TRY(begin());
        if (mark_.finished) return answer(true, false);
        TRY(source_.rewind());
        const Interruption interruption;
        Progress progress(call_.console, "records", total_, call_.json);
        Record record;
        while (TRY(source_.next(record))) {
            ++read_;
            if (read_ <= mark_.records) continue;
            take(record);
            if (batch_->records < limits::import_batch_accounts) continue;
            TRY(send(false, progress));
            if (interruption.requested()) {
                TRY(settle(progress));
                return answer(false, true);
            }
        }
        TRY(send(true, progress));
        TRY(settle(progress));
        return answer(false, false);
    }

private:
    // Reads the whole file, to see that it can be read.
    Result<std::uint64_t> count_records() {
        std::uint64_t count = 0;
        Record record;
        while (TRY(source_.next(record))) ++count;
        if (count == 0) {
            const bool realm = source_.origin() == Origin::keycloak;
            return invalid_input("invalid_file",
                                 file_.path() + " holds no accounts" +
                                     (realm ? "; a realm's export needs its users: --users realm_file" : ""));
        }
        return count;
    }

    // Finds out how far the file is in, or notes that it has begun.
    Result<void> begin() {
        if (options_.dry_run) return {};
        const auto found = TRY(core::read_and_wait(
            store_, [this](core::Reader& reader) { return core::find_import_mark(reader, name_); }));
        if (found && found->finished) {
            mark_ = *found;
            return {};
        }
        if (!options_.report.empty()) {
            report_ = TRY(RefusalReport::open(options_.report, found.has_value(), found ? found->records : 0));
        }
        if (found) {
            mark_ = *found;
            return {};
        }
        TRY(core::write_and_wait(store_, [this](core::Transaction& transaction) {
            const core::ImportBatch nothing{.file = name_, .before = {}, .after = {}, .accounts = {}};
            return core::import_batch(transaction, nothing, call_.actor(), call_.tools.clock.now());
        }));
        return {};
    }

    void take(Record& record) {
        ++batch_->records;
        std::string email;
        if (record.refusal) return refuse(record, std::move(*record.refusal), email);
        auto read = source_.read(record);
        if (!read) return refuse(record, std::move(read.error()), email);
        if (!read->has_value()) return;
        email = (**read)[core::ImportField::email];
        auto account = core::make_imported_account(**read, rules_, tools_, call_.tools.clock.now());
        if (!account) return refuse(record, std::move(account.error()), email);
        batch_->accounts.accounts.push_back(std::move(*account));
        batch_->places.emplace_back(read_, record.place);
    }

    void refuse(const Record& record, Error reason, std::string email) {
        if (email.size() > limits::email_bytes) email.clear();
        batch_->refused.push_back({read_, record.place, std::move(email), std::move(reason)});
    }

    // Waits for the batch before this one, and starts to write this one.
    Result<void> send(bool last, Progress& progress) {
        TRY(settle(progress));
        flying_ = std::exchange(batch_, std::make_shared<Batch>());
        if (options_.dry_run) return try_out(*flying_);
        core::ImportBatch& accounts = flying_->accounts;
        accounts.file = name_;
        accounts.before = mark_;
        accounts.after = mark_;
        accounts.after.records += flying_->records;
        accounts.after.refused += flying_->refused.size();
        accounts.after.imported += accounts.accounts.size();
        for (const core::Account& account : accounts.accounts) {
            if (account.password_hash.empty()) ++accounts.after.without_password;
        }
        accounts.after.finished = last;
        auto written = std::make_shared<std::promise<Result<void>>>();
        written_ = written->get_future();
        outcome_ = std::make_shared<core::ImportOutcome>();
        store_.write(
            [this, batch = flying_, outcome = outcome_](core::Transaction& transaction) -> Result<void> {
                *outcome =
                    TRY(core::import_batch(transaction, batch->accounts, call_.actor(), call_.tools.clock.now()));
                return report_.put(lines_of(refusals_of(*batch, *outcome)));
            },
            [written](Result<void> result) { written->set_value(std::move(result)); });
        return {};
    }

    // Without writing anything.
    Result<void> try_out(const Batch& batch) {
        core::ImportOutcome outcome;
        outcome.refusals = TRY(core::read_and_wait(
            store_, [&batch](core::Reader& reader) { return core::find_collisions(reader, batch.accounts.accounts); }));
        const auto refusals = refusals_of(batch, outcome);
        mark_.records += batch.records;
        mark_.refused += refusals.size();
        for (std::size_t i = 0; i < outcome.refusals.size(); ++i) {
            if (outcome.refusals[i]) continue;
            ++mark_.imported;
            if (batch.accounts.accounts[i].password_hash.empty()) ++mark_.without_password;
        }
        tell(refusals);
        return {};
    }

    // Waits for what is being written.
    Result<void> settle(Progress& progress) {
        if (written_.valid()) {
            TRY(written_.get());
            mark_ = outcome_->mark;
            report_.keep();
            if (!report_.is_open()) {
                const auto refusals = refusals_of(*flying_, *outcome_);
                if (!refusals.empty()) progress.clear();
                tell(refusals);
            }
        }
        progress.show(mark_.records);
        return {};
    }

    // In the order of the file.
    static std::vector<Refusal> refusals_of(const Batch& batch, const core::ImportOutcome& outcome) {
        std::vector<Refusal> refusals = batch.refused;
        for (std::size_t i = 0; i < outcome.refusals.size(); ++i) {
            if (!outcome.refusals[i]) continue;
            refusals.push_back({batch.places[i].first, batch.places[i].second, batch.accounts.accounts[i].email,
                                *outcome.refusals[i]});
        }
        std::ranges::sort(refusals, {}, &Refusal::record);
        return refusals;
    }

    [[nodiscard]] std::string lines_of(const std::vector<Refusal>& refusals) const {
        std::string lines;
        for (const Refusal& refusal : refusals) lines += report_line(refusal, source_.place_word());
        return lines;
    }

    void tell(const std::vector<Refusal>& refusals) const {
        if (call_.json) {
            call_.console.error << lines_of(refusals);
            return;
        }
        for (const Refusal& refusal : refusals) {
            call_.console.error << source_.place_word() << ' ' << refusal.place << ": " << refusal.reason.message
                                << (refusal.email.empty() ? "" : " (" + refusal.email + ")") << '\n';
        }
    }

    Answer answer(bool before, bool stopped) const;

    const Call& call_;
    const ImportOptions& options_;
    InputFile& file_;
    ImportSource& source_;
    core::Store& store_;
    core::ImportTools tools_;
    core::ImportRules rules_;
    RefusalReport report_;
    std::string name_;
    std::uint64_t total_ = 0;
    std::uint64_t read_ = 0;
    core::ImportMark mark_;
    std::shared_ptr<Batch> batch_ = std::make_shared<Batch>();
    std::shared_ptr<Batch> flying_;
    std::shared_ptr<core::ImportOutcome> outcome_;
    std::future<Result<void>> written_;
};

Answer Import::answer(bool before, bool stopped) const {
    const std::string count = group_digits(mark_.imported);
    std::string text = before             ? "This file was imported before: " + count + " accounts\n"
                       : options_.dry_run ? "Would import " + count + " accounts; nothing was written\n"
                       : stopped ? "Stopped after " + group_digits(mark_.records) + " of " + group_digits(total_) +
                                       " records; run the same again to go on\n"
                                 : "Imported " + count + " accounts\n";
    text += "Read as " + std::string(word(source_.origin())) + ", " + std::string(source_.container());
    for (const auto& [field, column] : source_.columns()) {
        text += (field == source_.columns().begin()->first ? ": " : ", ") + std::string(core::word(field)) + " from " +
                column;
    }
    text += '\n';
    if (mark_.without_password > 0) {
        text += group_digits(mark_.without_password) + " of them have no password; they log in after a reset\n";
    }
    if (mark_.refused > 0) {
        text += group_digits(mark_.refused) + " refused" + (options_.report.empty() ? "" : "; see " + options_.report) +
                "\n";
    }
    const int status = stopped ? status_not_now : mark_.refused > 0 ? status_refused : status_done;
    return Answer{text,
                  {{"file", options_.file},
                   {"origin", word(source_.origin())},
                   {"records", total_},
                   {"read", mark_.records},
                   {"imported", mark_.imported},
                   {"without_password", mark_.without_password},
                   {"refused", mark_.refused},
                   {"finished", before || (!stopped && !options_.dry_run)},
                   {"dry_run", options_.dry_run}},
                  status};
}

}  // namespace

Result<Answer> run_import(const Call& call, const ImportOptions& options) {
    auto file = TRY(InputFile::open(options.file));
    auto source = TRY(ImportSource::open(file, options.origin, options.map, call.tools.hash_importer));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::Hasher* hasher = TRY(workplace->hasher());
    Import import(call, options, file, source, *store, *hasher);
    return import.run();
}

}  // namespace postern::cli
