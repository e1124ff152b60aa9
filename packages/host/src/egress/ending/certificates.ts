/**
 * The local authority and the certificates that it signs for single hosts: X.509 by pkijs, ECDSA on P-256.
 *
 * Loaded by notary.ts alone, a process that is gone a moment later: the library would take 19 MiB of the egress
 * process for good.
 */
import { createHash, createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import { Integer, OctetString, Utf8String } from 'asn1js';
import {
  AltName,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
} from 'pkijs';

/** A certificate and its private key, both PEM. */
export interface Signed {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const AUTHORITY_DAYS = 3_650;
const HOST_DAYS = 7;
/** A clock that is set back a little does not make them invalid. */
const EARLIER_MS = DAY_MS;
const AUTHORITY_NAME = 'Bellhop local authority';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const OID = {
  subjectKey: '2.5.29.14',
  commonName: '2.5.4.3',
  keyUsage: '2.5.29.15',
  altName: '2.5.29.17',
  constraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extendedUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;
/** A key's use in DER: it signs certificates and nothing else; handshakes and nothing else. */
const SIGNS_CERTIFICATES = Buffer.from('03020204', 'hex');
const SIGNS_HANDSHAKES = Buffer.from('03020780', 'hex');
const DNS_NAME = 2;

/** It may sign for hosts and not make further authorities. */
export async function makeAuthority(nowMs: number): Promise<Signed> {
  const keys = await newKeys();
  const certificate = emptyCertificate(AUTHORITY_NAME, nowMs, AUTHORITY_DAYS);
  certificate.extensions = [
    extension(OID.constraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(), true),
    new Extension({ extnID: OID.keyUsage, critical: true, extnValue: bytes(SIGNS_CERTIFICATES) }),
    extension(OID.subjectKey, new OctetString({ valueHex: keyId(keys.der) }), false),
  ];
  return signed(certificate, keys, keys.privateKey);
}

/** For this one name. Clients that are strict (Python) want the two key ids as well. */
export async function makeHostCertificate(authority: Signed, host: string, nowMs: number): Promise<Signed> {
  const keys = await newKeys();
  // The common name may hold 64 characters; what clients look at is the alternative one.
  const certificate = emptyCertificate(host.slice(0, 64), nowMs, HOST_DAYS);
  const names = new AltName({ altNames: [new GeneralName({ type: DNS_NAME, value: host })] });
  const signer = createPrivateKey(authority.key);
  const signerDer = createPublicKey(signer).export({ format: 'der', type: 'spki' });
  const by = new AuthorityKeyIdentifier({ keyIdentifier: new OctetString({ valueHex: keyId(signerDer) }) });
  certificate.extensions = [
    extension(OID.constraints, new BasicConstraints({ cA: false }).toSchema(), true),
    new Extension({ extnID: OID.keyUsage, critical: true, extnValue: bytes(SIGNS_HANDSHAKES) }),
    extension(OID.extendedUsage, new ExtKeyUsage({ keyPurposes: [OID.serverAuth] }).toSchema(), false),
    extension(OID.altName, names.toSchema(), false),
    extension(OID.subjectKey, new OctetString({ valueHex: keyId(keys.der) }), false),
    extension(OID.authorityKey, by.toSchema(), false),
  ];
  return signed(certificate, keys, signer.toCryptoKey(CURVE, false, ['sign']));
}

interface Keys extends webcrypto.CryptoKeyPair {
  /** Of the public one, SPKI. */
  readonly der: Buffer;
}

async function newKeys(): Promise<Keys> {
  const pair = (await webcrypto.subtle.generateKey(CURVE, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  return { ...pair, der: Buffer.from(await webcrypto.subtle.exportKey('spki', pair.publicKey)) };
}

function keyId(der: Buffer): ArrayBuffer {
  return bytes(createHash('sha256').update(der).digest().subarray(0, 20));
}

function bytes(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}

function emptyCertificate(subject: string, nowMs: number, days: number): Certificate {
  const certificate = new Certificate();
  certificate.version = 2;
  // Positive, and never the same twice.
  const serial = Buffer.concat([Buffer.of(1), randomBytes(15)]);
  certificate.serialNumber = new Integer({ valueHex: bytes(serial) });
  certificate.subject.typesAndValues.push(commonName(subject));
  certificate.issuer.typesAndValues.push(commonName(AUTHORITY_NAME));
  certificate.notBefore.value = new Date(nowMs - EARLIER_MS);
  certificate.notAfter.value = new Date(nowMs + days * DAY_MS);
  return certificate;
}

function commonName(value: string): AttributeTypeAndValue {
  return new AttributeTypeAndValue({ type: OID.commonName, value: new Utf8String({ value }) });
}

function extension(
  extnID: string,
  value: { toBER(sizeOnly: boolean): ArrayBuffer },
  critical: boolean,
): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER(false) });
}

async function signed(certificate: Certificate, keys: Keys, signer: webcrypto.CryptoKey): Promise<Signed> {
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey as CryptoKey);
  await certificate.sign(signer as CryptoKey, 'SHA-256');
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    cert: pem('CERTIFICATE', certificate.toSchema(true).toBER(false)),
    key: pem('PRIVATE KEY', key),
  };
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
