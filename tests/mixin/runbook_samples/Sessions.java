// Leaks 64 KB at a time: sessions in a static map that nobody takes out. Prints "ready" once it holds
// some, keeps leaking slowly, ends with its standard input.

import java.util.HashMap;
import java.util.Map;

public class Sessions {
  static class Session {
    final byte[] page = new byte[64 * 1024];
  }

  static final Map<Integer, Session> byId = new HashMap<>();

  static void open(int id) {
    byId.put(id, new Session());
  }

  static void serve() {
    int id = 0;
    while (id < 300) open(id++);
    System.out.println("ready");
    while (true) {
      open(id++);
      try {
        Thread.sleep(20);
      } catch (InterruptedException ended) {
        return;
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    Thread server = new Thread(Sessions::serve, "server");
    server.setDaemon(true);
    server.start();
    while (System.in.read() >= 0) continue;
  }
}
