// postern serve
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/command.hpp"

namespace postern::cli {

void add_serve_command(CLI::App& app, Plan& plan) {
    CLI::App& command =
        add_store_command(app, plan,
                          {"serve", "Run the server until SIGTERM; SIGHUP reads the TLS certificate again",
                           "postern serve --data ./postern-data --listen 127.0.0.1:8080"},
                          [](const Call& call) -> Result<Answer> {
                              TRY(call.tools.serve(call.location));
                              return Answer{};
                          });
    command.add_option("--listen", plan.location.listen, "Address and port; overrides listen")->type_name("HOST:PORT");
}

}  // namespace postern::cli
