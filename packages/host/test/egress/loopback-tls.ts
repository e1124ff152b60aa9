/** A certificate for loopback that nothing trusts but a test that says so, and its key. Good until 2126. */

export const CERT = `-----BEGIN CERTIFICATE-----
MIIBoDCCAUegAwIBAgIUESbFomu0qF03MGcPiCadfsPrZ8AwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMYmVsbGhvcCB0ZXN0MCAXDTI2MTEyNDIxMzAzMVoYDzIxMjYx
MDMxMjEzMDMxWjAXMRUwEwYDVQQDDAxiZWxsaG9wIHRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASMj1/ha3cJrj3seRqiKHcRhYfwbQibbk0ef1HRnfEDcUjV
8nITv+NArpwcnN24Wa/pflq2qJZo8A/DzkiociOKo28wbTAdBgNVHQ4EFgQUzIS1
RNDuirfvafow5kR1UjiGAmcwHwYDVR0jBBgwFoAUzIS1RNDuirfvafow5kR1UjiG
AmcwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEw
CgYIKoZIzj0EAwIDRwAwRAIgOextuAhwtGCvvBNH3NzEhxOPd/h4YzK3wIXKbpIa
5nQCIEZ4gK9nJ1UYdTnmj3qe22TpJirW0mL5F97QoqWEpC+P
-----END CERTIFICATE-----
`;

export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwf+Jzg2isEHu5+CY
B8ABzUuONK4OyydyADHyrJH64DKhRANCAASMj1/ha3cJrj3seRqiKHcRhYfwbQib
bk0ef1HRnfEDcUjV8nITv+NArpwcnN24Wa/pflq2qJZo8A/DzkiociOK
-----END PRIVATE KEY-----
`;
