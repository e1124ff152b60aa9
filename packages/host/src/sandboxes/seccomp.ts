/**
 * The system calls that a bubblewrap sandbox may make, as the program that the kernel runs before each of them.
 *
 * Docker brings a filter of its own; bubblewrap takes one as bytes. Three tables say what is refused, and this file
 * assembles them for one processor. The kernel's newest calls are not known to any table: what lies above the highest
 * number that was looked at is answered with "there is no such call", so that a new kernel opens no new door.
 *
 * What is refused is what Docker refuses to a container without capabilities: other namespaces and mounts, kernel modules,
 * keys, BPF, io_uring, tracing of the kernel, memory policies, the clock. Most of it needs capabilities that a sandbox does
 * not have anyway: the filter is for the day on which the kernel has a fault there. Sockets are of four families: a
 * virtual machine's (AF_VSOCK) would be a way out, as it knows of no network namespace.
 */

/** A number per architecture; null where there is no such call. */
type Numbers = readonly [x64: number, arm64: number | null];

/** Answered with EPERM. */
const NEVER: Readonly<Record<string, Numbers>> = {
  _sysctl: [156, null],
  acct: [163, 89],
  add_key: [248, 217],
  adjtimex: [159, 171],
  bpf: [321, 280],
  chroot: [161, 51],
  clock_adjtime: [305, 266],
  clock_settime: [227, 112],
  create_module: [174, null],
  delete_module: [176, 106],
  fanotify_init: [300, 262],
  finit_module: [313, 273],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  get_kernel_syms: [177, null],
  get_mempolicy: [239, 236],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioperm: [173, null],
  iopl: [172, null],
  kcmp: [312, 272],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18],
  mbind: [237, 235],
  migrate_pages: [256, 238],
  modify_ldt: [154, null],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  move_pages: [279, 239],
  name_to_handle_at: [303, 264],
  nfsservctl: [180, 42],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pivot_root: [155, 41],
  process_madvise: [440, 440],
  query_module: [178, null],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  request_key: [249, 218],
  set_mempolicy: [238, 237],
  set_mempolicy_home_node: [450, 450],
  setdomainname: [171, 162],
  sethostname: [170, 161],
  setns: [308, 268],
  settimeofday: [164, 170],
  swapoff: [168, 225],
  swapon: [167, 224],
  sysfs: [139, null],
  syslog: [103, 116],
  umount2: [166, 39],
  unshare: [272, 97],
  uselib: [134, null],
  userfaultfd: [323, 282],
  ustat: [136, null],
  vhangup: [153, 58],
};

/** Answered with ENOSYS: its arguments lie in memory, where a filter cannot look; libraries then call clone. */
const UNKNOWN: Readonly<Record<string, Numbers>> = { clone3: [435, 435] };

interface ArgumentRule {
  readonly numbers: Numbers;
  /** Which argument; its lower 32 bits are all that the kernel looks at in these. */
  readonly argument: number;
  readonly test: 'is one of' | 'has a bit of';
  readonly values: readonly number[];
  readonly onHit: 'allow' | 'refuse';
}

const ARGUMENTS: Readonly<Record<string, ArgumentRule>> = {
  // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
  clone: { numbers: [56, 220], argument: 0, test: 'has a bit of', values: [0x7e020000], onHit: 'refuse' },
  // Unix, IPv4, IPv6 and routing (by which programs ask for their own addresses).
  socket: { numbers: [41, 198], argument: 0, test: 'is one of', values: [1, 2, 10, 16], onHit: 'allow' },
  // TIOCSTI and TIOCLINUX: typing on the terminal of somebody else.
  ioctl: { numbers: [16, 29], argument: 1, test: 'is one of', values: [0x5412, 0x541c], onHit: 'refuse' },
  // As in Docker: Linux, 32 bits or an old kernel's name, and the question which one it is.
  personality: {
    numbers: [135, 92],
    argument: 0,
    test: 'is one of',
    values: [0, 8, 0x20000, 0x20008, 0xffffffff],
    onHit: 'allow',
  },
};

/** mseal. Numbers are the same on all processors up here. */
const HIGHEST_KNOWN = 462;

const ARCHITECTURES = {
  x64: { index: 0, audit: 0xc000003e },
  arm64: { index: 1, audit: 0xc00000b7 },
} as const;

/** One instruction of classic BPF: `struct sock_filter`. */
type Instruction = readonly [code: number, jumpIfTrue: number, jumpIfFalse: number, value: number];

const LOAD = 0x20;
const JUMP = { equal: 0x15, atLeast: 0x35, anyBit: 0x45 } as const;
const RETURN = 0x06;

const ANSWER = { allow: 0x7fff0000, eperm: 0x00050001, enosys: 0x00050026, kill: 0x80000000 } as const;

/** Places in `struct seccomp_data`; both processors have the lower half of an argument first. */
const AT = { number: 0, architecture: 4, argument: (n: number) => 16 + 8 * n };

/** The program for this processor (as Node names it), in the order of its bytes; null where there is no table for it. */
export function seccompFilter(arch: string): Buffer | null {
  if (!Object.hasOwn(ARCHITECTURES, arch)) return null;
  const { index, audit } = ARCHITECTURES[arch as keyof typeof ARCHITECTURES];
  const here = (table: Readonly<Record<string, Numbers>>) =>
    Object.values(table).flatMap((numbers) => numbers[index] ?? []);
  return encode([
    [LOAD, 0, 0, AT.architecture],
    // Calls of another architecture have other numbers: a program that makes them is ended.
    [JUMP.equal, 1, 0, audit],
    [RETURN, 0, 0, ANSWER.kill],
    [LOAD, 0, 0, AT.number],
    ...unless(JUMP.atLeast, HIGHEST_KNOWN + 1, ANSWER.enosys),
    ...here(NEVER).flatMap((number) => unless(JUMP.equal, number, ANSWER.eperm)),
    ...here(UNKNOWN).flatMap((number) => unless(JUMP.equal, number, ANSWER.enosys)),
    ...Object.values(ARGUMENTS).flatMap((rule) => onArgument(rule, index)),
    [RETURN, 0, 0, ANSWER.allow],
  ]);
}

/** What is refused on this processor, by name: for the tests, which try each of them. */
export function refusedCalls(arch: keyof typeof ARCHITECTURES): ReadonlyMap<string, number> {
  const { index } = ARCHITECTURES[arch];
  const named = Object.entries(NEVER).map(([name, numbers]) => [name, numbers[index]] as const);
  return new Map(named.filter((entry): entry is [string, number] => entry[1] !== null));
}

function unless(jump: number, value: number, answer: number): Instruction[] {
  return [
    [jump, 0, 1, value],
    [RETURN, 0, 0, answer],
  ];
}

/** Ends with an answer in any case, so the number of the call need not be loaded again. */
function onArgument({ numbers, argument, test, values, onHit }: ArgumentRule, index: number): Instruction[] {
  const jump = test === 'is one of' ? JUMP.equal : JUMP.anyBit;
  const [hit, miss] = onHit === 'allow' ? [ANSWER.allow, ANSWER.eperm] : [ANSWER.eperm, ANSWER.allow];
  const body: Instruction[] = [
    [LOAD, 0, 0, AT.argument(argument)],
    ...values.flatMap((value) => unless(jump, value, hit)),
    [RETURN, 0, 0, miss],
  ];
  const number = numbers[index];
  return number === null || number === undefined ? [] : [[JUMP.equal, 0, body.length, number], ...body];
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [at, [code, jumpIfTrue, jumpIfFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(jumpIfTrue, at * 8 + 2);
    bytes.writeUInt8(jumpIfFalse, at * 8 + 3);
    bytes.writeUInt32LE(value, at * 8 + 4);
  }
  return bytes;
}
