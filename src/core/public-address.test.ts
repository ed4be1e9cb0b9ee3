import { expect, test } from "bun:test";
import { isPublicAddress } from "./public-address.ts";

const PUBLIC = [
  "1.1.1.1",
  "8.8.8.8",
  "172.32.0.1",
  "192.169.0.1",
  "100.128.0.1",
  "2606:4700::1111",
  "2001:4860:4860::8888",
  "[2a00:1450::1]",
];
const NOT_PUBLIC = [
  ...["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"],
  ...["255.255.255.255", "198.18.0.1", "192.0.2.1", "203.0.113.9", "999.1.1.1", "192.0.0.8"],
  ...[
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::10.0.0.1",
  ],
  ...[
    "2001:db8::1",
    "2002:7f00:1::",
    "2001:0:1::",
    "2001::1",
    "fe80::1%eth0",
    "localhost",
    "example.com",
    "",
    "2130706433",
  ],
];

for (const address of PUBLIC) test(`public: ${address}`, () => expect(isPublicAddress(address)).toBe(true));
for (const address of NOT_PUBLIC) test(`not public: ${address}`, () => expect(isPublicAddress(address)).toBe(false));
