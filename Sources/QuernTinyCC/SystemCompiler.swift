#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The system's C compiler: optimises, takes seconds. The code is loaded as a shared library.
public struct SystemCompiler: CCompiler {
  /// The compiler's name or path.
  public let compiler: String
  public let flags: [String]
  private let temporaryPrefix: String

  /// No contraction of a·b + c: what is not written as a multiply-add is rounded twice, as TinyCC
  /// does it.
  public static let defaultFlags = ["-O3", "-march=native", "-ffp-contract=off"]

  /// - Parameters:
  ///   - compiler: nil for the environment variable `CC`, or `cc`.
  ///   - flags: besides `-shared -fPIC`.
  public init(compiler: String? = nil, flags: [String] = defaultFlags) {
    self.init(compiler: compiler, flags: flags, temporaryPrefix: "quern")
  }

  /// - Parameter temporaryPrefix: how the names of the temporary folders begin.
  package init(compiler: String? = nil, flags: [String], temporaryPrefix: String) {
    let environment = ProcessInfo.processInfo.environment["CC"].flatMap { $0.isEmpty ? nil : $0 }
    self.compiler = compiler ?? environment ?? "cc"
    self.flags = flags
    self.temporaryPrefix = temporaryPrefix
  }

  /// Whether the compiler is there.
  public var isAvailable: Bool { (try? locate()) != nil }

  /// - Parameters:
  ///   - source: the whole file.
  ///   - symbols: functions only: each is reached through a jump.
  /// - Throws: ``CompileError``.
  public func compile(source: String, symbols: [String: UnsafeRawPointer]) throws -> LoadedCode {
    let clock = ContinuousClock()
    let start = clock.now
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(temporaryPrefix)-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CompileError.system("no temporary folder \(folder.path): \(error)")
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appendingPathComponent("kernels.c")
    let library = folder.appendingPathComponent("kernels.so")
    do {
      try Data((source + Self.jumps(to: symbols.keys.sorted())).utf8).write(to: text)
    } catch {
      throw CompileError.system("cannot write \(text.path): \(error)")
    }
    try run(
      flags + ["-shared", "-fPIC", "-o", library.path, text.path, "-lm"],
      messages: folder.appendingPathComponent("messages.txt").path)

    guard let handle = dlopen(library.path, RTLD_NOW | RTLD_LOCAL) else {
      throw CompileError.cannotLoad(dlerror().map { String(cString: $0) } ?? "unknown reason")
    }
    for (name, address) in symbols {
      guard let slot = dlsym(handle, Self.slot(name)) else {
        dlclose(handle)
        throw CompileError.missingSymbol(name)
      }
      slot.storeBytes(of: address, as: UnsafeRawPointer.self)
    }
    let bits = UInt(bitPattern: handle)
    return LoadedCode(
      compileSeconds: (clock.now - start).seconds,
      lookUp: { name in
        dlsym(UnsafeMutableRawPointer(bitPattern: bits), name).map { UnsafeRawPointer($0) }
      },
      unload: { if let handle = UnsafeMutableRawPointer(bitPattern: bits) { dlclose(handle) } })
  }

  private static func slot(_ name: String) -> String { "quern_address_of_\(name)" }

  /// Every symbol becomes a local function that jumps to an address filled in after loading.
  private static func jumps(to names: [String]) -> String {
    var text = "\n"
    for name in names {
      text += "void *\(slot(name));\n"
      text += """
        #if defined(__x86_64__)
        __asm__(".text\\n.globl \(name)\\n.hidden \(name)\\n.type \(name), @function\\n\(name):\\n"
          "  movq \(slot(name))@GOTPCREL(%rip), %r11\\n  jmp *(%r11)\\n");
        #elif defined(__aarch64__)
        __asm__(".text\\n.globl \(name)\\n.hidden \(name)\\n.type \(name), @function\\n\(name):\\n"
          "  adrp x16, :got:\(slot(name))\\n  ldr x16, [x16, :got_lo12:\(slot(name))]\\n"
          "  ldr x16, [x16]\\n  br x16\\n");
        #endif

        """
    }
    return text
  }

  private func locate() throws -> String {
    // `CC` may hold a command with arguments; the first word is the program.
    let name = compiler.split(separator: " ").first.map(String.init) ?? compiler
    if name.contains("/") {
      guard FileManager.default.isExecutableFile(atPath: name) else {
        throw CompileError.compilerNotFound(name)
      }
      return name
    }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    for folder in path.split(separator: ":") {
      let candidate = "\(folder)/\(name)"
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    throw CompileError.compilerNotFound(name)
  }

  /// - Parameter messages: the file to which the compiler's messages go.
  private func run(_ arguments: [String], messages: String) throws {
    let program = try locate()
    let own = compiler.split(separator: " ").dropFirst().map(String.init)
    guard let process = ChildProcess(program, own + arguments, errorFile: messages) else {
      throw CompileError.compilerNotFound(compiler)
    }
    guard process.succeeds() else {
      let text = FileManager.default.contents(atPath: messages) ?? Data()
      throw CompileError.rejected(
        compiler: compiler, message: String(decoding: text, as: UTF8.self))
    }
  }
}
