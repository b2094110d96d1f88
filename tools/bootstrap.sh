#!/bin/sh
# Brings a bare machine to the point where Python and its packages are there: tools/bootstrap.sh run|test
# Installs missing Debian libraries (naming them), then makes .venv from requirements.lock. Quick when nothing is missing.
# POSIX sh: a minimal Debian has no make, pip, venv or python3. `run` and `test` call it; it starts nothing itself.
# shellcheck disable=SC2086 # lists of words are split on purpose
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}
PATH=$PATH:/usr/sbin:/sbin # ldconfig lies there, and a plain user's PATH does not
LIST=.venv/requirements.lock # the lock that .venv was made from

say() { printf '%s\n' "$*" >&2; }

# One line a library: how to see that it is there | Debian package | when it is needed | what for.
# By file name, not by package: newer releases rename packages (libglib2.0-0t64) and still answer to the old name.
needs() {
    cat <<-'TABLE'
	libGL.so.1|libgl1|always|the window (OpenGL)
	libEGL.so.1|libegl1|always|the window (EGL)
	libglib-2.0.so.0|libglib2.0-0|always|the window (GLib)
	libfontconfig.so.1|libfontconfig1|always|fonts
	libdbus-1.so.3|libdbus-1-3|always|the desktop (D-Bus)
	libxkbcommon.so.0|libxkbcommon0|always|the keyboard
	libxcb-cursor.so.0|libxcb-cursor0|display|a window on X11
	libxcb-icccm.so.4|libxcb-icccm4|display|a window on X11
	libxcb-image.so.0|libxcb-image0|display|a window on X11
	libxcb-keysyms.so.1|libxcb-keysyms1|display|a window on X11
	libxcb-randr.so.0|libxcb-randr0|display|a window on X11
	libxcb-render-util.so.0|libxcb-render-util0|display|a window on X11
	libxcb-shape.so.0|libxcb-shape0|display|a window on X11
	libxcb-xkb.so.1|libxcb-xkb1|display|the keyboard on X11
	libxkbcommon-x11.so.0|libxkbcommon-x11-0|display|the keyboard on X11
	libzbar.so.0|libzbar0|optional|the second decoder, pyzbar
	Xvfb|xvfb|test|a display for the window's tests
	strace|strace|test|tests that count fsync
	dbus-daemon|dbus|test|tests of lid and session signals
	chromium|chromium|browser|tests of the web pages in a real browser
	pdftoppm|poppler-utils|test|tests that look at printed pages
	cupsd|cups|test|a print server on loopback
	lp|cups-client|test|its client
	/usr/lib/cups/filter/pdftopdf|cups-filters|test|its PDF filter
	/usr/lib/postgresql/*/bin/initdb|postgresql|test|tests of the server on PostgreSQL
	nginx|nginx|test|tests of the server behind nginx
	TABLE
}

wanted() {
    case $1 in
    always | optional) ;;
    display) [ "$purpose" = test ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] ;;
    test | browser) [ "$purpose" = test ] ;;
    esac
}

found() {
    case $1 in
    *.so.*) printf '%s\n' "$libraries" | grep -q -F "$1 " ;;
    /*) ls $1 >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Sets `missing` (must be there) and `extra` (survived when it cannot be had), each a list of packages.
look() {
    missing='' extra='' reasons=''
    libraries=$(ldconfig -p 2>/dev/null || true)
    while IFS='|' read -r file package when why; do
        if ! wanted "$when" || found "$file"; then continue; fi
        case $when in
        optional | browser) extra="$extra $package" ;;
        *) missing="$missing $package" ;;
        esac
        case $reasons in *"$why"*) ;; *) reasons="$reasons${reasons:+, }$why" ;; esac
    done <<LINES
$(needs)
LINES
}

# Python 3.11 to 3.14 with venv and its pip, or nothing.
find_python() {
    for python in python3 python3.13 python3.12 python3.11 python3.14; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; then
            command -v "$python"
            return
        fi
    done
    return 0
}

have_apt() { command -v apt-get >/dev/null 2>&1; }

APT='apt-get -o DPkg::Lock::Timeout=300'

# as_root COMMAND...: runs it as root, or fails at once. Nobody is there to be asked for a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@" </dev/null; else sudo -n "$@" </dev/null; fi
}
may_install() { [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true </dev/null >/dev/null 2>&1; }; }

lists() { as_root $APT -q update >&2; }
listed() { apt-cache show "$1" >/dev/null 2>&1; }

install() {
    listed "$1" || lists || return 1
    if ! as_root env DEBIAN_FRONTEND=noninteractive $APT -q -y install --no-install-recommends "$@" >&2; then
        lists && as_root env DEBIAN_FRONTEND=noninteractive $APT -q -y install --no-install-recommends "$@" >&2
    fi
}

# Names the packages of a Python that is new enough, from this system's own lists.
python_packages() {
    if ! listed python3 && may_install; then lists || true; fi
    offered=$(apt-cache show python3 2>/dev/null | sed -n 's/^Version: *\(3\.[0-9]*\).*/\1/p' | head -n 1)
    case ${offered:-3.11} in
    3.1[1-4]) printf '%s' 'python3 python3-venv' && return ;;
    esac
    for version in 3.13 3.12 3.11; do
        if listed "python$version-venv"; then printf '%s' "python$version python$version-venv" && return; fi
    done
}

libraries_and_python() {
    [ "$(uname -s)" = Linux ] || return 0
    look
    python=$(find_python)
    if [ -z "$python" ] && have_apt; then
        packages=$(python_packages)
        [ -n "$packages" ] || too_old
        missing="$packages$missing" reasons="Python${reasons:+, }$reasons"
    fi
    if [ -z "$missing$extra" ]; then return 0; fi
    set -- $missing $extra
    if ! have_apt; then
        say "Missing libraries (for $reasons); their Debian names: $*. Install this system's packages of the same libraries."
    elif may_install; then
        say "Installing $* — for $reasons."
        install "$@" || { [ -n "$missing" ] && install $missing; } || true
    else
        say "Missing $* — for $reasons. No right to install packages here. Run this line, then start again:"
        say "  sudo sh -c 'apt-get update && $APT install -y --no-install-recommends $*'"
        [ -z "$missing" ] || exit 1
    fi
    look
    case $extra in *libzbar0*) say "Without libzbar0: the second decoder (pyzbar) is off; zxing-cpp goes on alone." ;; esac
    case $extra in *chromium*) say "Without chromium: the tests of the web pages in a browser are skipped, and say so." ;; esac
    if [ -n "$missing" ] || { have_apt && [ -z "$(find_python)" ]; }; then
        say "Still missing:${missing:- Python 3.11 or newer}. Nothing was started."
        exit 1
    fi
}

too_old() {
    say "Python 3.11 or newer is needed; this system has $(python3 --version 2>&1 || echo none) and offers no newer package."
    say "Use Debian 12, Ubuntu 24.04 or newer, or install Python 3.11-3.14 so that python3.11 (or newer) is on the PATH."
    exit 1
}

# pip's own word on a setting (environment before files), for uv, which does not read it.
configured() {
    printf '%s\n' "$settings" | sed -n "s/^:env:\.$1='\(.*\)'\$/\1/p;s/^install\.$1='\(.*\)'\$/\1/p;s/^global\.$1='\(.*\)'\$/\1/p" | head -n 1
}

with_uv() {
    settings=$(.venv/bin/python -m pip config list 2>/dev/null || true)
    case $(configured no-index) in '' | 0 | false | no) ;; *) return 1 ;; esac # a folder of wheels only: pip knows where
    index=$(configured index-url) more=$(configured extra-index-url | tr ' ' '\n' | grep '^http' | tr '\n' ' ' || true) cert=$(configured cert)
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r tools/installer.lock >&2 || return 1
    # Addresses go through the environment: they may hold a password, and arguments are seen by everyone on the machine.
    if [ -n "$index" ]; then UV_DEFAULT_INDEX=$index && export UV_DEFAULT_INDEX; fi
    if [ -n "$more" ]; then UV_INDEX=$more && export UV_INDEX; fi
    if [ -n "$cert" ]; then SSL_CERT_FILE=$cert && export SSL_CERT_FILE; fi
    UV_LINK_MODE=${UV_LINK_MODE:-copy} .venv/bin/python -m uv pip sync -q --compile-bytecode --require-hashes --python .venv/bin/python requirements.lock >&2
}

with_pip() {
    say "The fast installer could not be used here; pip goes on (slower)."
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock >&2
}

environment() {
    if cmp -s requirements.lock "$LIST" && .venv/bin/python -c '' 2>/dev/null; then return 0; fi
    python=$(find_python)
    [ -n "$python" ] || too_old
    say "Making .venv with $("$python" --version) from requirements.lock (once, a minute or two)..."
    rm -f "$LIST"
    .venv/bin/python -m pip --version >/dev/null 2>&1 || rm -rf .venv
    "$python" -m venv .venv
    with_uv || with_pip || { say "The packages could not be installed. Is there a network? Nothing was started." && exit 1; }
    cp requirements.lock "$LIST"
}

if command -v flock >/dev/null 2>&1; then # ./run and ./test at once: one makes, the other waits
    exec 9<requirements.lock
    flock 9
fi
libraries_and_python
environment
.venv/bin/python -m compileall -q -j 0 kiosk province tests benchmarks >&2 || true # each command starts quicker, even where Python may not keep it
