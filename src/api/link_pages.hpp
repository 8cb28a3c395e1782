// The pages behind mailed links, for deployments without a front end of their own (`links.front_end`).
//
// GET shows what the link is for and uses nothing up, since mail scanners fetch links ahead of people. POST does it.
// There is no cookie and no session here: the token in the form is all the authority there is, so a foreign site has
// nothing to ride on; forms that a browser says come from another site are refused all the same.
#pragma once

#include "api/service.hpp"
#include "http/router.hpp"

namespace postern::api {

// `service` must outlive the router.
void add_link_pages(http::Router& router, const Service& service);

}  // namespace postern::api
