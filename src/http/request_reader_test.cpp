// The reader alone: the same request must come out however its bytes are cut.
#include "http/request_reader.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace postern::http {
namespace {

using Progress = RequestReader::Progress;

// "METHOD path query headers body" of each request in `bytes`, which arrive `step` at a time; the refusal's status
// ends.
std::string read_all(std::string_view bytes, std::size_t step) {
    RequestReader reader{RequestLimits{}};
    Request request;
    std::string seen;
    std::string buffer;
    bool in_body = false;
    reader.restart(request);
    while (true) {
        const bool nothing = buffer.empty();
        const Progress progress =
            nothing ? Progress::need_more : (in_body ? reader.read_body(buffer) : reader.read_header(buffer));
        if (!nothing) buffer.erase(0, reader.consumed());
        if (progress == Progress::refused) return seen + std::to_string(reader.refusal().status);
        if (progress == Progress::need_more) {
            if (bytes.empty()) return seen + "open";
            buffer.append(bytes.substr(0, step));
            bytes.remove_prefix(std::min(step, bytes.size()));
            continue;
        }
        if (!in_body && reader.has_body()) {
            in_body = true;
            continue;
        }
        seen.append(name(request.method)).append(" " + request.path + " " + request.query + " ");
        seen += std::to_string(request.headers.size()) + " " + request.body + "\n";
        in_body = false;
        reader.restart(request);
    }
}

TEST(RequestReader, AnyCutGivesTheSame) {
    const std::string chunked =
        "POST /c?q=1 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n";
    const std::string rows[] = {
        "GET /a?b=c HTTP/1.1\r\nHost: t\r\n\r\nPOST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabcGET /d "
        "HTTP/1.1\r\nHost: t\r\n\r\n",
        chunked + "\r\nGET /next HTTP/1.1\r\nHost: t\r\n\r\n",
        chunked + "X-Trailer: 1\r\n\r\nGET /next HTTP/1.1\r\nHost: t\r\n\r\n",
        "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: "
        "t\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\nX: y\r\n\r\n",
    };
    for (const std::string& row : rows) {
        const std::string whole = read_all(row, row.size());
        EXPECT_TRUE(whole.ends_with("open")) << whole;
        for (std::size_t step = 1; step < row.size(); ++step) EXPECT_EQ(read_all(row, step), whole) << step;
    }
}

TEST(RequestReader, NothingOfATrailerReachesTheRequest) {
    EXPECT_EQ(read_all("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: "
                       "x\r\n\r\n",
                       1000),
              "POST /  2 \nopen");
}

// Pieces of requests and of attacks, in any order and cut anywhere: the reader must agree with itself, and not crash.
RC_GTEST_PROP(RequestReaderProperty, AgreesWithItself, ()) {
    const std::vector<std::string> pieces = {"GET ",
                                             "POST ",
                                             "/path",
                                             " HTTP/1.1",
                                             "\r\n",
                                             "\r\n\r\n",
                                             "Host: t\r\n",
                                             "Content-Length: 3\r\n",
                                             "Transfer-Encoding: chunked\r\n",
                                             "0\r\n",
                                             "3\r\nabc\r\n",
                                             "a;b=c",
                                             "\n",
                                             "\r",
                                             std::string(1, '\0'),
                                             " ",
                                             "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n",
                                             "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n"};
    std::string bytes;
    for (const std::string& piece : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces))) {
        bytes += piece;
    }
    bytes += std::string(40, '\n');  // decides what would otherwise wait for more
    const std::size_t step = *rc::gen::inRange<std::size_t>(1, 40);
    RC_ASSERT(read_all(bytes, step) == read_all(bytes, bytes.size() + 1));
}

}  // namespace
}  // namespace postern::http
