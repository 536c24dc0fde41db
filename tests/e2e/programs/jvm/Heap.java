// A heap that does what it is told on standard input, one command a line, each answered by "ok":
//   keep MIB     takes memory and never lets go of it: a leak
//   drop MIB     takes memory and forgets it: garbage
//   native MIB   takes memory outside of the heap and never lets go of it
//   collect      a full collection
// It ends with its input. For every Java since 8.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

public class Heap {
  private static final int BLOCK = 64 * 1024;
  private static final List<byte[]> kept = new ArrayList<>();
  private static final List<ByteBuffer> outside = new ArrayList<>();
  private static byte[] dropped;

  public static void main(String[] arguments) throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    System.out.println("ready");
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      String[] words = line.split(" ");
      int blocks = words.length > 1 ? Integer.parseInt(words[1]) * (1024 * 1024 / BLOCK) : 0;
      for (int block = 0; block < blocks; ++block) {
        if (words[0].equals("native")) {
          outside.add(ByteBuffer.allocateDirect(BLOCK));
          continue;
        }
        dropped = new byte[BLOCK];
        if (words[0].equals("keep")) kept.add(dropped);
      }
      if (words[0].equals("collect")) System.gc();
      System.out.println("ok");
    }
  }
}
