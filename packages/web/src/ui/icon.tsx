/** The icons of the page: one set, 24 px grid, 1.5 px lines. Never the only word for what a control does. */
import {
  Activity,
  ArrowDown,
  ArrowLeft,
  ArrowUp,
  Box,
  Check,
  CheckCheck,
  CircleAlert,
  CircleDashed,
  CircleDollarSign,
  CircleQuestionMark,
  Clock,
  ConciergeBell,
  Cpu,
  Download,
  FileText,
  type IconNode,
  Info,
  LogOut,
  MailX,
  MessageSquare,
  Moon,
  Paperclip,
  RotateCcw,
  Search,
  Square,
  SquarePen,
  X,
} from 'lucide';
import { h } from 'preact';

const ICONS = {
  activity: Activity,
  back: ArrowLeft,
  bell: ConciergeBell,
  box: Box,
  chat: MessageSquare,
  check: Check,
  checks: CheckCheck,
  clock: Clock,
  close: X,
  dashed: CircleDashed,
  down: ArrowDown,
  download: Download,
  file: FileText,
  info: Info,
  leave: LogOut,
  letter: MailX,
  model: Cpu,
  money: CircleDollarSign,
  moon: Moon,
  new: SquarePen,
  paperclip: Paperclip,
  problem: CircleAlert,
  question: CircleQuestionMark,
  retry: RotateCcw,
  search: Search,
  send: ArrowUp,
  stop: Square,
} satisfies Record<string, IconNode>;

export type IconName = keyof typeof ICONS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  const node: IconNode = ICONS[name];
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={(1.5 * 24) / size}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {node.map(([tag, attributes]) => h(tag, attributes))}
    </svg>
  );
}
