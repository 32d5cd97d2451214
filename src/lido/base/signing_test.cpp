// SPDX-License-Identifier: Apache-2.0
#include "lido/base/signing.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace lido {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Md5, GivesTheHashesOfRfc1321) {
  EXPECT_EQ(hex_of(Md5().bytes()), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_of(Md5().update(bytes_of("message ")).update(bytes_of("digest")).bytes()),
            "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(HmacSha256, GivesTheCodesOfRfc4231) {
  EXPECT_EQ(hex_of(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_of(hmac_sha256(std::string(131, '\xaa'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Base64, GivesTheTextsOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  for (const char* text : {"", "f", "fo", "foobar", "\xfb\xff"})
    EXPECT_EQ(from_base64(base64(text)), text);
  EXPECT_EQ(from_base64("Zm9v\" alt"), "foo") << "the text ends at the quotation mark";
}

TEST(SignRs256, RefusesATextThatIsNoKey) {
  const auto signature = sign_rs256("no key", "text");
  ASSERT_FALSE(signature);
  EXPECT_EQ(signature.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(signature.error().message, "private key: not a key in PEM");
}

TEST(SignRs256, MakesASignatureThatTheKeysOwnerCanCheck) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  BIO* text = BIO_new(BIO_s_mem());
  ASSERT_EQ(PEM_write_bio_PrivateKey(text, key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  char* begin = nullptr;
  const long size = BIO_get_mem_data(text, &begin);
  const auto signature = sign_rs256(std::string(begin, static_cast<size_t>(size)), "header.claims");
  ASSERT_TRUE(signature) << signature.error().message;
  const auto is_good = [&](const std::string& bytes, std::string_view message) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
    const int result = EVP_DigestVerify(
        context, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
        reinterpret_cast<const unsigned char*>(message.data()), message.size());
    EVP_MD_CTX_free(context);
    return result == 1;
  };
  EXPECT_EQ(signature->size(), 256U);
  EXPECT_TRUE(is_good(*signature, "header.claims"));
  EXPECT_FALSE(is_good(*signature, "header.claimz"));
  BIO_free(text);
  EVP_PKEY_free(key);
}

}  // namespace
}  // namespace lido
