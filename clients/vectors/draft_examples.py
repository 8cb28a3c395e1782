"""Examples that the draft gives itself. `values` holds what is not 0."""

SOURCE = (
    "draft-ietf-oauth-status-list-20, Token Status List: section 4 (the short ones) and the appendix "
    "\"Test vectors for Status List encoding\" (the long ones)"
)
_LONG_INDICES = (0, 1993, 25460, 159495, 495669, 554353, 645645, 723232, 854545, 934534, 1000345)


def _values(values):
    return {str(index): value for index, value in values if value}


EXAMPLES = [
    {
        "name": "1 bit, 16 entries",
        "bits": 1,
        "lst": "eNrbuRgAAhcBXQ",
        "size": 16,
        "values": _values(enumerate((1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1))),
    },
    {
        "name": "2 bits, 12 entries",
        "bits": 2,
        "lst": "eNo76fITAAPfAgc",
        "size": 12,
        "values": _values(enumerate((1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3))),
    },
    {
        "name": "1 bit, 2^20 entries",
        "bits": 1,
        "lst": (
            "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            "AAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAAAJsLCQAAAAAAAAAAADjelAAA"
            "AAAAAAAAKjDMAQAAAACAZC8L2AEb"
        ),
        "size": 1 << 20,
        "values": _values((index, 1) for index in _LONG_INDICES),
    },
    {
        "name": "2 bits, 2^20 entries",
        "bits": 2,
        "lst": (
            "eNrt2zENACEQAEEuoaBABP5VIO01fCjIHTMStt9ovGVIAAAAAABAbiEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEB5WwIAAAAAAAAA"
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAID0ugQAAAAAAAAA"
            "AAAAAAAAQG12SgAAAAAAAAAAAAAAAAAAAAAAAAAAAOCSIQEAAAAAAAAAAAAAAAAAAAAAAAD8ExIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            "AAAAwJEuAQAAAAAAAAAAAAAAAAAAAAAAAMB9SwIAAAAAAAAAAAAAAAAAAACoYUoAAAAAAAAAAAAAAEBqH81gAQw"
        ),
        "size": 1 << 20,
        "values": _values(zip(_LONG_INDICES, (1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 3), strict=True)),
    },
]
