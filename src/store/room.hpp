// store: all SQL, and the memory that is derived from it.
//
// Owns    the driver port with its two drivers, the migrations, every statement, the revocation bitmaps, the feed that
//         keeps nodes in step, the sweeps.
// Never   decides: what is allowed stands in core. Includes base and core.
// Holds   - one text of SQL for both engines; no branch on the engine outside the drivers and the two engines' files;
//         - `done` is called after the commit is durable and the bits are flipped;
//         - a list's row is committed before its first slot is given out, and a restart never resumes a list;
//         - an unknown list is refused, never taken for unrevoked;
//         - nothing grows without bound: every table has a sweep.
#pragma once

namespace postern::store {}
