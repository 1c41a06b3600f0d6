package dev.latentline.local.deploy;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * The settings that a service reads, found in its sources and in kit's: the keys of every
 * {@code @ConfigMapping}, of every {@code @ConfigProperty}, and what their properties files set.
 */
final class CodeSettings {
  /** Read by the frameworks. */
  private static final Set<String> OF_FRAMEWORKS =
      Set.of("kafka.bootstrap.servers", "quarkus.config.locations");

  private CodeSettings() {}

  /** The keys, by their names in properties files. */
  static Set<String> keysOf(Path checkout, String module) {
    Set<String> keys = new TreeSet<>(OF_FRAMEWORKS);
    for (String part : List.of(module, "platform/kit")) {
      Path main = checkout.resolve(part).resolve("src/main");
      scan(main.resolve("java"), keys);
      for (String properties :
          List.of("application.properties", "META-INF/microprofile-config.properties")) {
        load(main.resolve("resources").resolve(properties), keys);
      }
    }
    return keys;
  }

  /** The environment variable of a key (MicroProfile Config's rule). */
  static String variable(String key) {
    return key.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT);
  }

  private static void load(Path file, Set<String> keys) {
    if (!Files.exists(file)) {
      return;
    }
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    keys.addAll(properties.stringPropertyNames());
  }

  private static void scan(Path sources, Set<String> keys) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (Stream<Path> walk = Files.walk(sources);
        StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      List<Path> java = walk.filter(file -> file.toString().endsWith(".java")).toList();
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null, files, null, null, null, files.getJavaFileObjectsFromPaths(java));
      for (CompilationUnitTree unit : task.parse()) {
        unit.accept(new Keys(keys), null);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Keys extends TreeScanner<Void, Void> {
    private final Set<String> keys;

    Keys(Set<String> keys) {
      this.keys = keys;
    }

    @Override
    public Void visitClass(ClassTree type, Void nothing) {
      argument(type.getModifiers(), "ConfigMapping", "prefix")
          .ifPresent(prefix -> add(prefix, type));
      return super.visitClass(type, nothing);
    }

    @Override
    public Void visitAnnotation(AnnotationTree annotation, Void nothing) {
      argument(annotation, "ConfigProperty", "name").ifPresent(keys::add);
      return super.visitAnnotation(annotation, nothing);
    }

    /** A method is a key, unless it answers another interface of the same file: then a group. */
    private void add(String prefix, ClassTree mapping) {
      for (Tree member : mapping.getMembers()) {
        if (member instanceof MethodTree method) {
          String key = prefix + "." + dashed(method.getName().toString());
          Optional<ClassTree> group = nested(mapping, method.getReturnType().toString());
          group.ifPresentOrElse(inner -> add(key, inner), () -> keys.add(key));
        }
      }
    }

    private static Optional<ClassTree> nested(ClassTree type, String name) {
      return type.getMembers().stream()
          .filter(ClassTree.class::isInstance)
          .map(ClassTree.class::cast)
          .filter(inner -> inner.getSimpleName().contentEquals(name))
          .findFirst();
    }

    private static String dashed(String name) {
      return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
    }

    private static Optional<String> argument(ModifiersTree on, String annotation, String name) {
      return on.getAnnotations().stream()
          .flatMap(found -> argument(found, annotation, name).stream())
          .findFirst();
    }

    private static Optional<String> argument(AnnotationTree found, String type, String name) {
      if (!found.getAnnotationType().toString().equals(type)) {
        return Optional.empty();
      }
      for (ExpressionTree argument : found.getArguments()) {
        if (argument instanceof AssignmentTree assignment
            && assignment.getVariable().toString().equals(name)
            && assignment.getExpression() instanceof LiteralTree literal) {
          return Optional.of(literal.getValue().toString());
        }
      }
      return Optional.empty();
    }
  }
}
