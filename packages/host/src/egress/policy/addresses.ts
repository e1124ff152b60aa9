/**
 * Where an address leads: to the open internet, into a private network or this machine, or where nothing of a sandbox
 * ever goes. Pure. Closed by default: an IPv6 address that is not of the open internet by its prefix, and whatever
 * carries an IPv4 address inside (mapped, 6to4, Teredo, NAT64), is never gone to.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

export type AddressKind = 'public' | 'private' | 'never';

type Net = readonly [address: string, prefix: number, family: 'ipv4' | 'ipv6'];

/** Only where the owner has said so for this host. */
const PRIVATE = listOf([
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
]);

/** Apart: a list with IPv4 in it takes what is mapped into IPv6 for the same. */
const PRIVATE_IPV6 = listOf([
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
]);

/** Link-local (there cloud machines have their keys, which the last two lines are for as well), and what is no host. */
const NEVER = listOf([
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
  ['100.100.100.200', 32, 'ipv4'],
  ['fd00:ec2::', 32, 'ipv6'],
]);

const OPEN_IPV6 = listOf([['2000::', 3, 'ipv6']]);

export function addressKind(address: string): AddressKind {
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) && !address.includes('%') ? 'ipv6' : null;
  if (family === null || (family === 'ipv6' && address.includes('.'))) return 'never';
  if (NEVER.check(address, family)) return 'never';
  if (family === 'ipv4') return PRIVATE.check(address) ? 'private' : 'public';
  if (PRIVATE_IPV6.check(address, family)) return 'private';
  return OPEN_IPV6.check(address, family) ? 'public' : 'never';
}

/** One that leads elsewhere is enough for no: a name with two faces is a trick, whichever of them comes first. */
export function mayGo(addresses: readonly string[], mayBePrivate: boolean): boolean {
  const good = (kind: AddressKind) => kind === 'public' || (kind === 'private' && mayBePrivate);
  return addresses.length > 0 && addresses.every((address) => good(addressKind(address)));
}

function listOf(nets: readonly Net[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix, family] of nets) list.addSubnet(address, prefix, family);
  return list;
}
