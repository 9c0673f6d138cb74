import java.io.FileOutputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Inflates the entries of many jars in named threads, as a server does when it loads its classes. The jars stay open, and
 * so the state of zlib for each of them stays in malloc's memory. With KEPT, each thread then closes its jars but for one
 * in KEPT.
 *
 *     java [-Dthreads=PREFIX] -cp CLASSES InflateJars FOLDER THREADS JARS [KEPT [BYTES]]
 */
class InflateJars {
  private static final List<JarFile> open = Collections.synchronizedList(new ArrayList<>());

  public static void main(String[] args) throws Exception {
    var folder = Path.of(args[0]);
    int jars = Integer.parseInt(args[2]);
    int kept = args.length > 3 ? Integer.parseInt(args[3]) : 1;
    var prefix = System.getProperty("threads", "jar-loader-");
    int bytes = args.length > 4 ? Integer.parseInt(args[4]) : 8192;
    for (int jar = 0; jar < jars; jar++) write(folder.resolve(jar + ".jar"), jar, bytes);
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < Integer.parseInt(args[1]); i++) {
      threads.add(new Thread(() -> inflate(folder, jars, kept), prefix + i));
    }
    for (var thread : threads) thread.start();
    for (var thread : threads) thread.join();
    System.out.println(open.size() + " jars");
  }

  private static void write(Path path, int seed, int size) throws Exception {
    var random = new Random(seed);
    var bytes = new byte[size];
    try (var zip = new ZipOutputStream(new FileOutputStream(path.toFile()))) {
      for (int entry = 0; entry < 4; entry++) {
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) random.nextInt(16);
        zip.putNextEntry(new ZipEntry("entry" + entry));
        zip.write(bytes);
      }
    }
  }

  private static void inflate(Path folder, int jars, int kept) {
    try {
      var own = new ArrayList<JarFile>();
      for (int jar = 0; jar < jars; jar++) {
        var file = new JarFile(folder.resolve(jar + ".jar").toFile());
        open.add(file);
        own.add(file);
        // Open at the same time: each has an Inflater of its own, which the file keeps.
        var streams = new ArrayList<InputStream>();
        for (var entries = file.entries(); entries.hasMoreElements(); ) {
          JarEntry entry = entries.nextElement();
          streams.add(file.getInputStream(entry));
        }
        for (var stream : streams) stream.readAllBytes();
        for (var stream : streams) stream.close();
      }
      for (int i = 0; i < jars; i++) {
        if ((i + 1) % kept != 0) {
          own.get(i).close();
          open.remove(own.get(i));
        }
      }
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }
}
