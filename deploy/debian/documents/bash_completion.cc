#include "deploy/debian/documents/completions.h"

namespace memleak {
namespace {

// What is the same whatever the flags are; `cases` of each kind stand in between.
constexpr std::string_view kHead =
    R"(# Completion of bash for memleak_exporter; generated from its flags.

_memleak_exporter() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local command=serve flag='' words=''
  case ${COMP_WORDS[1]} in
)";
constexpr std::string_view kValues = R"(  esac
  COMPREPLY=()

  # The flag whose value is completed: bash takes = for a word of its own, unless told otherwise.
  if [[ $word == --*=* ]]; then
    flag=${word%%=*}
  elif [[ $word == '=' ]]; then
    flag=$before word=
  elif [[ $before == '=' && $COMP_CWORD -gt 2 ]]; then
    flag=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $before == --* ]]; then
    flag=$before
  fi
  case "$command $flag" in
)";
constexpr std::string_view kFlags = R"(    *) flag= ;;
  esac
  if [[ $flag ]]; then
    local prefix=
    if [[ $word == --*=* ]]; then
      prefix=${word%%=*}= word=${word#*=}
    fi
    case $words in
      file)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -P "$prefix" -f -- "$word")
        ;;
      directory)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -P "$prefix" -d -- "$word")
        ;;
      *) mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$word") ;;
    esac
    return
  fi

  case $command in
)";
constexpr std::string_view kTail = R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  # What takes a value goes on behind its =.
  if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace
  fi
)";
constexpr std::string_view kEnd = R"(}
complete -F _memleak_exporter memleak_exporter
)";

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// What `words` of the script is set to.
std::string Values(const Flag& flag) {
  switch (ValueKindOf(flag)) {
    case ValueKind::kFile:
      return "file";
    case ValueKind::kDirectory:
      return "directory";
    case ValueKind::kChoice:
      return ChoicesOf(flag);
    case ValueKind::kWord:
      break;
  }
  return {};
}

}  // namespace

std::string BashCompletion(std::span<const Command> commands) {
  std::string out(kHead);
  std::string names;
  for (const Command& command : commands) {
    names += (names.empty() ? "" : " | ") + std::string(command.name);
  }
  out += "    " + names + ") command=${COMP_WORDS[1]} ;;\n";
  out += kValues;
  for (const Command& command : commands) {
    for (const Flag& flag : command.flags) {
      if (!flag.TakesValue()) continue;
      out += "    '" + std::string(command.name) + " --" + flag.name + "') words='" + Values(flag) +
             "' ;;\n";
    }
  }
  out += kFlags;
  for (const Command& command : commands) {
    std::vector<std::string> words;
    for (const Flag& flag : command.flags) {
      for (const std::string& name : NamesOf(flag)) {
        words.push_back(flag.TakesValue() ? name + '=' : name);
      }
    }
    out += "    " + std::string(command.name) + ") words='" + Joined(words) + "' ;;\n";
  }
  out += "  esac\n";
  out +=
      "  if ((COMP_CWORD == 1)); then\n    words+=' " + Replaced(names, " | ", " ") + "'\n  fi\n";
  out += "  case $command in\n";
  for (const Command& command : commands) {
    if (!command.takes_files) continue;
    out += "    " + std::string(command.name) +
           ")\n      if [[ $word != -* && $COMP_CWORD -gt 1 ]]; then\n"
           "        compopt -o filenames\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
           "        return\n      fi\n      ;;\n";
  }
  out += kTail;
  out += kEnd;
  return out;
}

}  // namespace memleak
