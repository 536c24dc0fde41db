#include "exporter/model/runtime_script.h"

#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

using Arguments = std::vector<std::string_view>;

struct Example {
  std::string_view runtime;
  Arguments arguments;
  std::string_view name;
};

}  // namespace

TEST_CASE("a runtime is known by its executable's name") {
  CHECK(RuntimeOf("java") == "java");
  CHECK(RuntimeOf("python") == "python");
  CHECK(RuntimeOf("python3.11") == "python");
  CHECK(RuntimeOf("python3.11-dbg") == "python");
  CHECK(RuntimeOf("pypy3") == "python");
  CHECK(RuntimeOf("node") == "node");
  CHECK(RuntimeOf("nodejs") == "node");
  CHECK(RuntimeOf("ruby3.1") == "ruby");
  CHECK(RuntimeOf("perl5.36-x86_64-linux-gnu") == "perl");
  CHECK(RuntimeOf("php8.2") == "php");
  for (const char* other : {"", "javac", "node_exporter", "node-red", "php-fpm8.2", "pythonw",
                            "rubyfmt", "perlbug", "bash"}) {
    CHECK(RuntimeOf(other).empty());
  }
}

TEST_CASE("a script's name is found behind its runtime's options") {
  const std::vector<Example> examples = {
      {"java", {"java", "-jar", "/srv/app/service.jar"}, "service.jar"},
      {"java",
       {"java", "-Xmx1g", "-Dpassword=hunter2", "-jar", "service.jar", "--port", "1"},
       "service.jar"},
      {"java", {"java", "-cp", "/a.jar:/b.jar", "com.example.Main", "arg"}, "com.example.Main"},
      {"java", {"java", "--class-path", "x", "@options", "-ea", "Main"}, "Main"},
      {"java", {"java", "-p", "mods", "-m", "app/com.example.Main"}, "app/com.example.Main"},
      {"java", {"java", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "Main"}, "Main"},
      {"java", {"java", "--add-opens=java.base/java.lang=ALL-UNNAMED", "Main"}, "Main"},
      {"java", {"java", "/home/me/Hello.java"}, "Hello.java"},
      {"python", {"python3", "/opt/app/worker.py", "--queue", "x"}, "worker.py"},
      {"python", {"python3", "-u", "-W", "ignore", "-X", "dev", "worker.py"}, "worker.py"},
      {"python", {"python3", "-m", "http.server", "8000"}, "http.server"},
      {"python", {"python3", "-um", "celery", "worker"}, "celery"},
      {"python", {"python3", "-mpip", "install"}, "pip"},
      {"python", {"python3", "-Wignore", "/usr/bin/gunicorn", "app:app"}, "gunicorn"},
      {"python", {"python3", "--", "worker.py"}, "worker.py"},
      {"node", {"node", "/srv/server.js"}, "server.js"},
      {"node",
       {"node", "--max-old-space-size=4096", "-r", "dotenv/config", "server.js"},
       "server.js"},
      {"node", {"node", "--require", "x", "--inspect", "bin/www"}, "www"},
      {"ruby", {"ruby", "-Ilib", "-r", "json", "-W0", "bin/rails", "server"}, "rails"},
      {"ruby", {"ruby", "-rbundler/setup", "-C", "/srv", "app.rb"}, "app.rb"},
      {"perl", {"perl", "-w", "-Mstrict", "-I", "lib", "/usr/bin/spamd"}, "spamd"},
      {"perl", {"perl", "-T", "-Ilib", "munin-node"}, "munin-node"},
      {"php", {"php", "-d", "memory_limit=1G", "/var/www/artisan", "queue:work"}, "artisan"},
      {"php", {"php", "-f", "cron.php"}, "cron.php"},
      {"php", {"php", "--file", "/a/cron.php"}, "cron.php"},
  };
  for (const Example& example : examples) {
    CAPTURE(example.runtime, example.arguments);
    CHECK(RuntimeScript(example.runtime, example.arguments) == example.name);
  }
}

TEST_CASE("code on the command line, standard input and prompts have no name") {
  const std::vector<Example> examples = {
      {"python", {"python3"}, ""},
      {"python", {"python3", "-"}, ""},
      {"python", {"python3", "-c", "password = 'hunter2'"}, ""},
      {"python", {"python3", "-Ic", "password"}, ""},
      {"python", {"python3", "-m"}, ""},
      {"node", {"node", "-e", "secret"}, ""},
      {"node", {"node", "--eval", "secret"}, ""},
      {"node", {"node", "-p", "secret"}, ""},
      {"ruby", {"ruby", "-e", "secret"}, ""},
      {"ruby", {"ruby", "-ne", "secret"}, ""},
      {"perl", {"perl", "-e", "secret"}, ""},
      {"perl", {"perl", "-lane", "secret"}, ""},
      {"perl", {"perl", "-E", "secret"}, ""},
      {"php", {"php", "-r", "secret"}, ""},
      {"php", {"php", "-S", "localhost:8000", "router.php"}, ""},
      {"java", {"java", "-version"}, ""},
      {"java", {"java", "-jar"}, ""},
      {"bash", {"bash", "script.sh"}, ""},
      {"python", {}, ""},
  };
  for (const Example& example : examples) {
    CAPTURE(example.runtime, example.arguments);
    CHECK(RuntimeScript(example.runtime, example.arguments).empty());
  }
}

TEST_CASE("what could be a secret is not a name") {
  const std::string long_name(129, 'a');
  for (const std::string_view argument :
       {"my secret.py", "pass=word", "a;b", "x\ny", "\xc3\xa9.py", "", "a?b", "{json}"}) {
    CHECK(RuntimeScript("python", Arguments{"python3", argument}).empty());
  }
  CHECK(RuntimeScript("python", Arguments{"python3", long_name}).empty());
  CHECK_FALSE(IsSafeName(long_name));
  CHECK(IsSafeName(long_name.substr(1)));
  // A path's folders are not shown either.
  CHECK(RuntimeScript("python", Arguments{"python3", "/home/secret/x.py"}) == "x.py");
  CHECK(RuntimeScript("java", Arguments{"java", "-jar", "/home/secret/x.jar"}) == "x.jar");
}

TEST_CASE("arguments are split at NULs, and one that was cut off is left out") {
  using namespace std::string_view_literals;
  CHECK(SplitArguments("a\0b c\0\0d\0"sv, false) == Arguments{"a", "b c", "", "d"});
  CHECK(SplitArguments("nginx: worker process"sv, false) == Arguments{"nginx: worker process"});
  CHECK(SplitArguments("java\0-jar\0/opt/servi"sv, true) == Arguments{"java", "-jar"});
  CHECK(SplitArguments(""sv, false).empty());
}

}  // namespace memleak
