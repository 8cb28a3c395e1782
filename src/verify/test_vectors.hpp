// Keys and tokens of others, for the tests: from the RFCs, or made by another library where they have none.
#pragma once

#include <array>
#include <string_view>

namespace postern::verify::vectors {

// clang-format off

// RFC 7515 appendix A.2: RS256.
inline constexpr std::string_view rfc7515_a2_key =
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4)"
    R"(d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQ)"
    R"(OS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM)"
    R"(Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})";
inline constexpr std::string_view rfc7515_a2_token =
    R"(eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0c)"
    R"(nVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb)"
    R"(F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6)"
    R"(_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig)"
    R"(cN_IoypGlUPQGe77Rw)";

// Appendix A.3: ES256.
inline constexpr std::string_view rfc7515_a3_key =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pC)"
    R"(yStikYjKIWI5a0"})";
inline constexpr std::string_view rfc7515_a3_token =
    R"(eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0c)"
    R"(nVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q)";

// Appendix A.4: ES512.
inline constexpr std::string_view rfc7515_a4_key =
    R"({"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUx)"
    R"(cWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"})";
inline constexpr std::string_view rfc7515_a4_token =
    R"(eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34)"
    R"(XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn)";

// RFC 8037 appendix A.4: EdDSA.
inline constexpr std::string_view rfc8037_a4_key =
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
inline constexpr std::string_view rfc8037_a4_token =
    R"(eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4)"
    R"(ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg)";

// Made once with PyJWT 2.15 and its `cryptography`: jwt.api_jws.encode(b"Payload", key, algorithm="ES384").
inline constexpr std::string_view es384_key =
    R"({"kty":"EC","crv":"P-384","x":"DVIRA--z3Y6O3XW50EyM_PYXbeZXkh3-rtPzDjI8R5vRJ1KCzLB4LRr8RnDxEe57","y":"SnJdL93g)"
    R"(YgpOVHJJ78DSV6PPCML7Nwn7YgAek6opspStc6ovgDMb2M5QghRJCp50"})";
inline constexpr std::string_view es384_token =
    R"(eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.UGF5bG9hZA.x-dwDo6vkD97uLIDuFFEexh0cXeE5VAfqf0jsW_xUpDLqLUPpioADkkHQWMAx1)"
    R"(pkVYsYTI_YfMOkThuxxaTyTeNKet8K1i3jpaiGZfIDV_9G_2-NvqYjGdWsnSgBM8D7)";

// The same with algorithm="PS256".
inline constexpr std::string_view ps256_key =
    R"({"kty":"RSA","n":"oRnmbS77_HYsC1Wk18ihPFjsevCtwGHZrsCVZW-2OEnLb9Fs6P1yC5mtmTwf2wGOms06JqTWbKAMgPQodAbodvJ1W2aA)"
    R"(JV_WvelEj8DKJSc-YV3FZXK2h6M6TdW4endDAS86jXHDzAgIZel7TrZyNjk5pbyTke-sxYeQz7E_g3aF7j9NhtNF5e-8GiYYb3HJZJWzdoUZ7S)"
    R"(jixGqJB3gSKbDEGT9QCQLGRnvpFKxAXfSEUijohWE6OglMV4-dvkpLiaSP3kLmswYnVo-kDGP-zGQbpDswujxw5N4klJy1Tvpd1IUWYjhCu8YH)"
    R"(p1taN6Lj_dw7gaoXCVF2EY3ODXOjhQ","e":"AQAB"})";
inline constexpr std::string_view ps256_token =
    R"(eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.UGF5bG9hZA.ZN_E96klYd7dsVGtxrKsmcooVeJPl_JmPW3HVMTJMvwNAtQfZAO6lh2_acTZPr)"
    R"(QVZY3V5yZBOe6bO8SiCywztJC2RL4_OrXCHXdFqi0_l9CA0_TZgcc03JP6m1MjdPnG6EVzdhGT_EzVIvuMwHNHtr914E_knLdpd_q03n2Tst-M)"
    R"(CwdVOH7AWYoCV0fYAFfeRq5F669MdadbWyH84uklOYXrUqtkSN6133ss4IBwKDrTW76O_QljH_fFmiqTYw5LxseFxobDz_-uDEeo0VsTSkhDKR)"
    R"(Zm_0_UE-8ZXKVf4_5J_QnSF-v9sxhs7cQc1GnFmXIrgxwqG2JcVPMHIGR7Xg)";

// Signed with the same key and a salt of 20 bytes, where RFC 7518 section 3.5 wants 32.
inline constexpr std::string_view ps256_token_short_salt =
    R"(eyJhbGciOiJQUzI1NiJ9.UGF5bG9hZA.eKYfp1S9_gc3Da5ysKLbbyWBhMbmPiYnmX6HW-ZM_M5Yzv2wTZdm9AFocubgfc0oumrTQ0KdR7ge7z)"
    R"(fMrLBCpkXT5mOH1dCIjh1lISg1hVY0vik-IriEvSqDdvpSXJBBslfgap1HEGAKaSuNS2k0nZ8D3eTs4vV05_1eKMZmgPU68ISRGg1ox7r12nug)"
    R"(lQmzVXRoA4ghjYSyUsJYvfMsQ4SiEdLR0CsC_T3-Du0Ro47Dnmjke4tGvBk1qKorK1X6JApIHE6GWp7BCE_7Wa08glQUPT0eVY4LDVWT-85Syg)"
    R"(jyYA2iy8VW97Cs6D4K87GxZut-9WE5W0JnwQjoX2AO_w)";

// A true RS256 signature under a key that is too small.
inline constexpr std::string_view rsa_1024_key =
    R"({"kty":"RSA","n":"mcux-2qBAeD3Qixu93hRDrzqm85YuVhkhx3wa3QGMfWzy2pYjdas_KIva1S32hfcgp7VNZTISlSSOKXI_PodhktVuWCF)"
    R"(Wx5bp24vpvYWIR2ATljoCcJpXwYgbXF7WliPVd9nc6Y-xjGuxfQwtMXt9krbOx10R7-yRekEPW7wHoM","e":"AQAB"})";
inline constexpr std::string_view rsa_1024_token =
    R"(eyJhbGciOiJSUzI1NiJ9.UGF5bG9hZA.LoecYkcS6nQYAWAcijTdLPvMJ0NG-8yO0W-K5E-2IkDodGtgDKEMAPHedi29A_niynmrfL--2IOrb7)"
    R"(nmyDa8w6rIx4A-ojJ2JpqU5o_3_iNtTLi_Ix6oOujZpD-w8IwcNIrWIKTGrgxXOYxYgFdWJYQn4bmwTOWK9qi4Jn-B4TQ)";

// RFC 7638 section 3.1.
inline constexpr std::string_view rfc7638_key =
    R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP)"
    R"(ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJ)"
    R"(ZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1)"
    R"(jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})";
inline constexpr std::string_view rfc7638_thumbprint =
    R"(NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs)";
// clang-format on

struct Vector {
    std::string_view algorithm;
    std::string_view key;
    std::string_view token;
};

inline constexpr std::array<Vector, 6> all = {{{"RS256", rfc7515_a2_key, rfc7515_a2_token},
                                               {"PS256", ps256_key, ps256_token},
                                               {"ES256", rfc7515_a3_key, rfc7515_a3_token},
                                               {"ES384", es384_key, es384_token},
                                               {"ES512", rfc7515_a4_key, rfc7515_a4_token},
                                               {"EdDSA", rfc8037_a4_key, rfc8037_a4_token}}};

}  // namespace postern::verify::vectors
