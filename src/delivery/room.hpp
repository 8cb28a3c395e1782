// delivery: what leaves the house. It waits in the outbox, and goes out as mail over SMTP or as a webhook over HTTP.
//
// Owns    libcurl, the form of a mail, the built-in templates and an operator's own, the signature of a webhook, which
//         addresses a webhook may go to, the workers that empty the outbox.
// Never   decides who is told what: the flows of core queue it. Includes base and core.
// Holds   - a mail that the server is known to have taken (250 to the end of DATA) is never sent again; any other is,
//           under the same Message-ID;
//         - only a refusal of the recipient or of the mail itself is final at once; whatever else goes wrong, a wrong
//           password too, is tried again for two days;
//         - TLS that was asked for is never done without, and a certificate is never taken unchecked;
//         - nothing that a user typed can add a header, a recipient or a tag;
//         - a webhook goes to no private address unless it is told to, whatever its name resolves to;
//         - the token of a link is made for one attempt and kept nowhere.
#pragma once

namespace postern::delivery {}
