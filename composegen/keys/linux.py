"""Value types of words that the kernel knows: capabilities and signals. The engine refuses others."""

from __future__ import annotations

import difflib
import re

from composegen.keys.spec import BadValue, ValueType

_CAPABILITIES = (
    "ALL|AUDIT_CONTROL|AUDIT_READ|AUDIT_WRITE|BLOCK_SUSPEND|BPF|CHECKPOINT_RESTORE|CHOWN|"
    "DAC_OVERRIDE|DAC_READ_SEARCH|FOWNER|FSETID|IPC_LOCK|IPC_OWNER|KILL|LEASE|LINUX_IMMUTABLE|"
    "MAC_ADMIN|MAC_OVERRIDE|MKNOD|NET_ADMIN|NET_BIND_SERVICE|NET_BROADCAST|NET_RAW|PERFMON|SETFCAP|"
    "SETGID|SETPCAP|SETUID|SYSLOG|SYS_ADMIN|SYS_BOOT|SYS_CHROOT|SYS_MODULE|SYS_NICE|SYS_PACCT|"
    "SYS_PTRACE|SYS_RAWIO|SYS_RESOURCE|SYS_TIME|SYS_TTY_CONFIG|WAKE_ALARM"
)
_SIGNALS = (
    "ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|"
    "STOP|SYS|TERM|TRAP|TSTP|TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN|RTMAX"
)
_REAL_TIME = r"RTMIN\+(?:[1-9]|1[0-5])|RTMAX-(?:[1-9]|1[0-4])"
_NUMBER = r"[1-9]|[1-5][0-9]|6[0-4]"


def _word(kind: str, what: str, words: str, prefix: str, pattern: str) -> ValueType[str]:
    regex = re.compile(f"(?:{pattern})\\Z", re.ASCII)

    def parse(value: str) -> str:
        if not regex.match(value):
            bare = value.upper().replace("-", "_").removeprefix(prefix)
            close = difflib.get_close_matches(bare, words.split("|"), 1, 0.6)
            raise BadValue(
                f"expected {what}, found {value!r}", hint=f"did you mean {close[0]}?" if close else ""
            )
        return value

    return ValueType(kind, what, parse, {"type": "string", "pattern": f"^(?:{pattern})$"})


CAPABILITY = _word(
    "capability",
    "a capability such as NET_ADMIN or ALL",
    _CAPABILITIES,
    "CAP_",
    rf"(?:CAP_)?(?:{_CAPABILITIES})",
)
SIGNAL = _word(
    "signal",
    "a signal such as SIGTERM or SIGQUIT",
    _SIGNALS,
    "SIG",
    rf"(?:SIG)?(?:{_SIGNALS}|{_REAL_TIME})|{_NUMBER}",
)
