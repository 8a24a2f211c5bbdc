/*
** libcurl's functions. libcurl and the thirty libraries that it brings are opened when something first asks for them (library.h).
** A build that does not know the library's name (BYBIT_LIBCURL, see the Makefile) is linked with it.
*/
#ifndef BYBIT_LIBCURL_H
#define BYBIT_LIBCURL_H

#include <curl/curl.h>

/* Opens libcurl. NULL, or why it cannot be used (static text). Comes before the first use of what is below; later calls cost nothing. */
const char *libcurl_open(void);

#ifdef BYBIT_LIBCURL

#define LIBCURL_FUNCTIONS(f)                                                                                 \
  f(curl_easy_cleanup) f(curl_easy_getinfo) f(curl_easy_init) f(curl_easy_recv) f(curl_easy_send)            \
      f(curl_easy_setopt) f(curl_easy_strerror) f(curl_free) f(curl_global_init) f(curl_multi_add_handle)    \
          f(curl_multi_assign) f(curl_multi_cleanup) f(curl_multi_info_read) f(curl_multi_init)              \
              f(curl_multi_remove_handle) f(curl_multi_setopt) f(curl_multi_socket_action)                   \
                  f(curl_multi_strerror) f(curl_url) f(curl_url_cleanup) f(curl_url_get) f(curl_url_set)     \
                      f(curl_url_strerror)

/* curl.h has macros of these names, which check the types of options. They hide where these come, so a build that is linked
** with libcurl checks them (make lint). */
#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

#define LIBCURL_MEMBER(name) __typeof__(name) *name;
typedef struct Libcurl {
  LIBCURL_FUNCTIONS(LIBCURL_MEMBER)
} Libcurl;
#undef LIBCURL_MEMBER

extern Libcurl libcurl;

#ifndef LIBCURL_IS_FILLED_HERE
#define curl_easy_cleanup        libcurl.curl_easy_cleanup
#define curl_easy_getinfo        libcurl.curl_easy_getinfo
#define curl_easy_init           libcurl.curl_easy_init
#define curl_easy_recv           libcurl.curl_easy_recv
#define curl_easy_send           libcurl.curl_easy_send
#define curl_easy_setopt         libcurl.curl_easy_setopt
#define curl_easy_strerror       libcurl.curl_easy_strerror
#define curl_free                libcurl.curl_free
#define curl_global_init         libcurl.curl_global_init
#define curl_multi_add_handle    libcurl.curl_multi_add_handle
#define curl_multi_assign        libcurl.curl_multi_assign
#define curl_multi_cleanup       libcurl.curl_multi_cleanup
#define curl_multi_info_read     libcurl.curl_multi_info_read
#define curl_multi_init          libcurl.curl_multi_init
#define curl_multi_remove_handle libcurl.curl_multi_remove_handle
#define curl_multi_setopt        libcurl.curl_multi_setopt
#define curl_multi_socket_action libcurl.curl_multi_socket_action
#define curl_multi_strerror      libcurl.curl_multi_strerror
#define curl_url                 libcurl.curl_url
#define curl_url_cleanup         libcurl.curl_url_cleanup
#define curl_url_get             libcurl.curl_url_get
#define curl_url_set             libcurl.curl_url_set
#define curl_url_strerror        libcurl.curl_url_strerror
#endif

#endif
#endif
