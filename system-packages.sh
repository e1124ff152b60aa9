#!/bin/sh
# system-packages: installs packages of the operating system with the machine's own package manager. `row` below is the
# one table of them; the launcher, the host and the tests all come here. POSIX sh, as the pinned Node may need a library
# before it starts.
#
#   sh system-packages.sh install [--yes] NAME …   exit 0: installed; 1: not, and two lines on stdout say why and what
#                                                  to type; 129, 130, 143: interrupted by that signal
#   sh system-packages.sh command NAME …           prints what a person types to install them
#
# - Names are Debian's. The launcher includes this file and calls install_packages itself.
# - Root installs without a question. Anybody else is asked once, on a terminal, and then sudo does it; --yes answers.
#   Without a terminal and without --yes nothing is installed, and the command to type is said.
# - A lock that another package manager holds is waited for. Lists that are missing or too old are fetched. What a dpkg
#   that was killed left half done is completed first.
# - Ctrl-C, TERM and HUP end the package manager, too. It keeps its own records whole; the next start goes on from there.
# - Progress goes to stderr. The package manager's own words go to a file that is shown when it fails.

: "${yes=}"
managers='apt-get dnf pacman zypper apk'
packages_lock_wait_s=600
packages_log=
manager_pid=
ticker_pid=

say() { printf 'bellhop: %s\n' "$*" >&2; }

row() { # $1 = a package manager; sets all that has to be known of it
  install=      # its words that install, and ask nothing
  options=      # further words, not needed by a person who types the command
  refresh=      # its words that fetch the lists of packages, where they may be missing
  known=        # its words that fail when the lists do not have a package; without rights
  stale=        # what it says when the lists are missing or too old
  locked=       # what it says when another one is at work, and does not wait itself
  broken= mend= # what it says of an earlier install that was cut off, and the command that completes that one
  renamed=      # where a package has another name than in Debian
  environment=
  case $1 in
    apt-get)
      install='install -y'
      # Without a terminal of its own dpkg outlives an apt-get that is ended, and completes what it had begun.
      options='--no-install-recommends -o Dpkg::Use-Pty=0'
      refresh=update
      known='-qq --simulate install'
      stale="Unable to locate package|no installation candidate|Failed to fetch|can't find an archive"
      locked='Could not get lock|Unable to lock|locked by another process'
      broken='dpkg was interrupted' mend='dpkg --configure -a'
      environment=DEBIAN_FRONTEND=noninteractive
      ;;
    dnf)
      install='install -y'
      options='--setopt=install_weak_deps=False'
      refresh='makecache --refresh'
      stale='Unable to find a match|No match for argument|Status code: 404|Cannot download|Failed to download'
      locked='transaction lock|Another transaction'
      renamed='libatomic1=libatomic mount=util-linux docker.io=moby-engine chromium-headless-shell=chromium-headless'
      ;;
    pacman)
      install='-S --noconfirm --needed'
      # Lists newer than the system would make it a partial upgrade, which Arch does not support: only missing ones.
      refresh='-Sy --noconfirm'
      known=-Si
      stale='database file for .* does not exist'
      locked='unable to lock database'
      renamed='libatomic1=gcc-libs mount=util-linux docker.io=docker chromium-headless-shell=chromium'
      ;;
    zypper)
      install='--non-interactive install'
      options=--no-recommends
      refresh='--non-interactive refresh'
      stale='not found in package names|No provider of|not found on medium'
      locked='System management is locked'
      renamed='mount=util-linux docker.io=docker chromium-headless-shell=chromium'
      ;;
    apk)
      install='add --update-cache'
      locked='Unable to lock database'
      renamed='libatomic1=libatomic docker.io=docker chromium-headless-shell=chromium'
      ;;
  esac
}

choose_manager() { # sets manager, and what row sets; fails when there is none that we know
  for manager in $managers; do
    if command -v "$manager" >/dev/null 2>&1; then
      row "$manager"
      return 0
    fi
  done
  manager=
  return 1
}

translate() { # sets names: the packages $@ as this package manager calls them; and spoken, the same in a sentence
  names= spoken=
  for name; do
    for pair in $renamed; do
      case $pair in "$name="*) name=${pair#*=} ;; esac
    done
    case " $names " in *" $name "*) ;; *) names="$names${names:+ }$name" spoken="$spoken${spoken:+ and }$name" ;; esac
  done
}

is_root() { [ "$(id -u)" = 0 ]; }

# shellcheck disable=SC2086  # words on purpose, here and below
compose_command() { # sets typed: what a person types, $1 = sudo or nothing in front
  typed="$1$manager $install $names"
  if [ -n "$known" ] && ! "$manager" $known $names >/dev/null 2>&1 </dev/null; then
    typed="$1$manager $refresh && $typed"
  fi
}

print_command() {
  if ! choose_manager; then
    echo "install $* with this machine's package manager"
    return
  fi
  translate "$@"
  prefix=
  is_root || ! command -v sudo >/dev/null 2>&1 || prefix='sudo '
  compose_command "$prefix"
  printf '%s\n' "$typed"
}

start_ticker() { # says now and then that something is still at work; $1 = a file: once something is in it
  (
    s=0
    while sleep 10 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
      s=$((s + 10))
      if [ -z "${1-}" ] || [ -s "$1" ]; then say "… still installing after $s s"; fi
    done
  ) </dev/null >/dev/null &
  ticker_pid=$!
}

stop_ticker() {
  [ -n "$ticker_pid" ] || return 0
  # KILL, as dash loses a TERM that reaches a child right after the fork.
  kill -9 "$ticker_pid" 2>/dev/null
  wait "$ticker_pid" 2>/dev/null
  ticker_pid=
}

end_manager() { # for a signal's trap: nothing of an install goes on, and none of its files is left
  stop_ticker
  [ -z "$manager_pid" ] || { kill "$manager_pid" 2>/dev/null; wait "$manager_pid" 2>/dev/null; }
  manager_pid=
  [ -z "$packages_log" ] || rm -f "$packages_log"
}

run_once() { # $@ = a command of the package manager; its words are in the log afterwards
  : >"$packages_log"
  # sudo asks for a password before the manager says its first word, and nothing should be written into that.
  start_ticker "$packages_log"
  if [ -z "$sudo" ]; then
    # In the background, so that a signal to this shell is acted on at once.
    env LC_ALL=C $environment "$@" >"$packages_log" 2>&1 </dev/null &
    manager_pid=$!
    wait "$manager_pid"
    run_rc=$?
    manager_pid=
  else
    # In the foreground: sudo reads the terminal, and hands on the Ctrl-C that is typed there.
    LC_ALL=C $sudo $environment "$@" >"$packages_log" 2>&1 </dev/null
    run_rc=$?
    if [ $run_rc -ne 0 ] && log_says "$refuses_all"; then sudo_refused=yes; fi
  fi
  stop_ticker
  return $run_rc
}

forbids='not in the sudoers|not allowed'
refuses_all="^sudo: |^Sorry, |$forbids"

log_says() { [ -n "$1" ] && grep -Eq "$1" "$packages_log"; }

show_log() {
  say "$1 failed (exit $run_rc). Its last words:"
  grep -v '^[[:space:]]*$' "$packages_log" | tail -n 8 | sed 's/^/  | /' >&2
}

run_manager() { # as run_once, and waits while another package manager is at work
  waited=0
  until run_once "$@"; do
    [ $sudo_refused = no ] && log_says "$locked" || return 1
    if [ $waited -eq 0 ]; then
      say "Another package manager is at work; waiting for it …"
      grep -Em1 "$locked" "$packages_log" | sed 's/^/  | /' >&2
    fi
    [ $waited -lt $packages_lock_wait_s ] || return 1
    sleep 1
    waited=$((waited + 1))
  done
}

try_all() { # installs $names
  mended=no refreshed=no
  say "Installing $spoken ($manager) …"
  until run_manager "$manager" $install $options $names; do
    if [ $sudo_refused = yes ]; then
      return 1
    elif [ $mended = no ] && log_says "$broken"; then
      mended=yes
      say "An earlier install was cut off; completing it ($mend) …"
      run_manager $mend || show_log "$mend"
    elif [ $refreshed = no ] && [ -n "$refresh" ] && log_says "$stale"; then
      refreshed=yes
      say "Fetching the lists of packages ($manager $refresh) …"
      # One source of several may be broken; whether that matters the next try shows.
      run_manager "$manager" $refresh || show_log "$manager $refresh"
      [ $sudo_refused = no ] || return 1
    else
      return 1
    fi
  done
}

is_terminal() { [ -t 0 ] && [ -t 2 ]; }

confirmed() {
  [ -z "$yes" ] || return 0
  printf 'Install %s with sudo %s? [Y/n] ' "$spoken" "$manager" >&2
  IFS= read -r answer || answer=n
  case $answer in '' | [yY] | [yY][eE][sS]) ;; *) return 1 ;; esac
}

not_installed() { # sets why and hint, for the caller to say
  why=$1
  hint=$2
  return 1
}

ask_others='Ask whoever administers this machine to type:'

may_install() { # sets sudo: what stands in front of the package manager. Asks, where there is somebody to ask
  sudo=
  ! is_root || return 0
  if ! command -v sudo >/dev/null 2>&1; then
    compose_command ''
    not_installed "only root may install $spoken, and there is no sudo here" "$ask_others $typed"
  elif is_terminal; then
    sudo=sudo
    confirmed && return
    compose_command 'sudo '
    not_installed "$spoken was not to be installed" "When you want it: $typed"
  elif [ -n "$yes" ]; then
    # Without a terminal a password cannot be typed.
    sudo='sudo -n'
  else
    compose_command 'sudo '
    not_installed "installing $spoken needs sudo, and there is no terminal to ask on" "Type: $typed"
  fi
}

explain_failure() {
  show_log "${sudo:+$sudo }$manager"
  compose_command "${sudo:+sudo }"
  if [ $sudo_refused = no ]; then
    not_installed "$manager could not install $spoken" "Mend what it says, then try again. By hand: $typed"
  elif log_says "$forbids"; then
    compose_command ''
    not_installed "you may not install $spoken with sudo" "$ask_others $typed"
  elif [ "$sudo" = 'sudo -n' ]; then
    not_installed "sudo needs a password for $spoken, and there is no terminal to type it on" "Type: $typed"
  else
    not_installed "sudo did not install $spoken" "Try again. By hand: $typed"
  fi
}

install_packages() { # $@ = packages; 0 when they are installed, else why and hint are set. The caller has set traps.
  if ! choose_manager; then
    not_installed "no package manager is here that Bellhop knows ($managers)" "Install by hand: $*"
    return
  fi
  translate "$@"
  may_install || return
  if ! packages_log=$(mktemp "${TMPDIR:-/tmp}/bellhop-packages.XXXXXX"); then
    not_installed "no file can be made in ${TMPDIR:-/tmp}" "Is the disk full?  df -h ${TMPDIR:-/tmp}"
    return
  fi
  sudo_refused=no
  if try_all; then
    say "Installed $spoken."
    installed_rc=0
  else
    explain_failure
    installed_rc=1
  fi
  rm -f "$packages_log"
  packages_log=
  return $installed_rc
}

interrupted_packages() { # $1 = exit code
  trap '' INT TERM HUP
  end_manager
  say "Interrupted; the next start goes on from here."
  exit "$1"
}

case ${0##*/} in
  system-packages.sh)
    set -u
    action=${1-}
    [ $# -eq 0 ] || shift
    if [ "${1-}" = --yes ]; then yes=--yes && shift; fi
    case $action:${1:+named} in
      install:named)
        trap 'interrupted_packages 130' INT
        trap 'interrupted_packages 143' TERM
        trap 'interrupted_packages 129' HUP
        install_packages "$@" || { printf '%s\n%s\n' "$why" "$hint"; exit 1; }
        ;;
      command:named) print_command "$@" ;;
      *)
        say "Usage: system-packages.sh install [--yes] NAME … | command NAME …"
        exit 2
        ;;
    esac
    ;;
esac
