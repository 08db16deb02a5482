#pragma once

#if !__has_include(<hiredis/hiredis_ssl.h>)
#error "hiredis has no TLS: the trait TLS needs libhiredis-dev 1.0 or later. Scripts/build --traits TLS builds it where there is none"
#endif
#if !__has_include(<openssl/ssl.h>)
#error "OpenSSL is not installed: apt-get install libssl-dev"
#endif

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/syscall.h>
#include <unistd.h>

// Swift cannot call the macros of OpenSSL.

// Without OpenSSL's handler of exit: it would free what a thread that still sends events uses.
static inline int hypero_tls_initialize(void) { return OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL); }

// Creates the context of a client that verifies the server. A read of the socket may get several records of 16 KiB.
static inline SSL_CTX *hypero_tls_new_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) return NULL;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    // A server that sends records without data, for example requests for a handshake, must not keep SSL_read from returning.
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, 128 << 10);
    return context;
}

static inline int hypero_tls_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(context, certificate);
}

static inline int hypero_tls_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline int hypero_tls_reason(unsigned long error) { return ERR_GET_REASON(error); }

// Reads entries of a folder: getdents64(2), because readdir(3) allocates memory.
static inline long hypero_tls_list(int folder, void *buffer, unsigned long size) {
    return syscall(SYS_getdents64, folder, buffer, size);
}
