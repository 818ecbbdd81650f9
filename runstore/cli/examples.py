"""How a command is used: the lines below its help."""


def examples(*lines: str) -> str:
    """What ends a command's help: whole commands, each with what it does behind a `#`."""
    commands = [line.partition("  # ") for line in lines]
    width = max(len(command) for command, _, _ in commands)
    told = [f"  {command:<{width}}  # {what}" if what else f"  {command}" for command, _, what in commands]
    return "\n".join(["\b", "Examples:", *told])
