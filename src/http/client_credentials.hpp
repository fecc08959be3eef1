#pragma once

#include <string>
#include <string_view>

namespace seamline::http {

/// A form for the token endpoint, with the client's credentials of `Authorization: Basic` added to it as client_id and
/// client_secret (RFC 6749, section 2.3.1): the operation behind it knows the form alone. They are form-encoded in the header
/// already, so they are taken over as they stand. A client_id that the form has too is not added again; another one then stands
/// there twice, which is refused. Any other header, or none, leaves the form as it is.
std::string with_client_credentials(std::string_view form, std::string_view authorization);

}  // namespace seamline::http
