import QuernDigits
import QuernErrors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a training set and its test set come from.
public enum DataSource: Sendable, Hashable, CustomStringConvertible {
  /// The embedded digits: 1,797 real handwritten digits of 8×8×1 pixels, 10 classes. 1,437 are the
  /// training set, 360 the test set; which is which is fixed: a permutation seeded with 0, since in
  /// the original order the last pictures are by other writers than the first. Pixels 0 … 16 become
  /// 0 … 1. See ``attribution``.
  case digits
  /// Fashion-MNIST: 60,000 and 10,000 pictures of clothes, 28×28×1, 10 classes.
  case fashionMNIST
  /// MNIST: 60,000 and 10,000 handwritten digits, 28×28×1, 10 classes.
  case mnist
  /// A folder with four IDX files, plain or gzipped (`.gz`): `train-images-idx3-ubyte`,
  /// `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`.
  case directory(String)

  /// The names that ``named(_:)`` knows besides paths.
  public static let names = ["digits", "fashion-mnist", "mnist"]

  /// Where Debian puts data sets. Those known by name are looked for here, but first in the folder
  /// that the environment variable `QUERN_DATA` names.
  package static let systemFolder = "/usr/share/datasets"

  static let digitsTrainingCount = 1437

  /// The embedded digits' numbers in the order in which they are dealt out.
  private static var digitsOrder: [Int] {
    var shuffler = Shuffler(count: 1797, seed: 0)
    return shuffler.nextEpoch()
  }

  /// The source called `name`: "digits", "fashion-mnist", "mnist" or the path of a folder. A folder
  /// that bears one of the names is meant by `./name`.
  /// - Throws: `QuernError` if it is neither a name nor a folder.
  public static func named(_ name: String) throws -> DataSource {
    switch name {
    case "digits": return .digits
    case "fashion-mnist": return .fashionMNIST
    case "mnist": return .mnist
    default: break
    }
    let expected = "one of \(names.joined(separator: ", ")), or a folder with four IDX files"
    switch PathKind(name) {
    case .directory: return .directory(name)
    case .nothing where name.contains("/"):
      throw QuernError(
        .missing, in: name, found: "there is no such folder", expected: expected,
        remedy: "Check the path.")
    case .nothing:
      throw QuernError(
        .unknownName, in: name.isEmpty ? "data source" : name,
        found: "no data set of that name, and no such folder", expected: expected)
    case .file, .special:
      throw QuernError(
        .notAFile, in: name, found: "is not a folder", expected: expected,
        remedy: "Name the folder that the files lie in.")
    }
  }

  public var description: String {
    switch self {
    case .digits: "digits"
    case .fashionMNIST: "fashion-mnist"
    case .mnist: "mnist"
    case .directory(let path): path
    }
  }

  /// Who made the data and under which licence they are, where that is known.
  public var attribution: String? {
    switch self {
    case .digits:
      """
      E. Alpaydin and C. Kaynak: Optical Recognition of Handwritten Digits. UCI Machine Learning \
      Repository, 1998. https://doi.org/10.24432/C50P49. Licence: CC BY 4.0.
      """
    case .fashionMNIST:
      """
      H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, 2017. \
      https://github.com/zalandoresearch/fashion-mnist. Licence: MIT.
      """
    case .mnist: "Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits."
    case .directory: nil
    }
  }

  /// Reads both sets. The pictures of plain files are not copied: they stay in the file, and are brought into
  /// memory when they are used. It may be replaced or removed meanwhile, but not be overwritten where it
  /// lies.
  /// - Parameter classCount: how many classes there are; nil means ten for the sets known by name,
  ///   and one more than the largest training label for a folder.
  /// - Throws: `QuernError` if a file is missing or wrong, or a label is not below `classCount`.
  public func load(classCount: Int? = nil) throws -> (training: Dataset, test: Dataset) {
    let training = try trainingSet(classCount: classCount)
    return (training, try testSet(classCount: training.classCount))
  }

  /// Reads the training set alone. Parameter and errors: see ``load(classCount:)``.
  public func trainingSet(classCount: Int? = nil) throws -> Dataset {
    if case .digits = self {
      return try digits(classCount).subset(Self.digitsOrder.prefix(Self.digitsTrainingCount))
    }
    return try read(images: .trainingImages, labels: .trainingLabels, classCount: classCount)
  }

  /// Reads the test set alone. Parameter and errors: see ``load(classCount:)``.
  public func testSet(classCount: Int? = nil) throws -> Dataset {
    if case .digits = self {
      return try digits(classCount).subset(Self.digitsOrder.dropFirst(Self.digitsTrainingCount))
    }
    // A folder's classes are those of its training set, of which this needs only the labels.
    var classCount = classCount
    if case .directory(let folder) = self, classCount == nil {
      let labels = try IDX.labels(at: Self.path(of: .trainingLabels, in: folder)).values
      classCount = labels.max().map { Int($0) + 1 }
    }
    return try read(images: .testImages, labels: .testLabels, classCount: classCount)
  }

  private func digits(_ classCount: Int?) throws -> Dataset {
    try Dataset(
      name: description,
      images: IDX.images(bytes: EmbeddedDigits.images, name: "embedded digits, pictures"),
      labels: IDX.labels(bytes: EmbeddedDigits.labels, name: "embedded digits, labels"),
      maximum: 16, classCount: classCount ?? 10)
  }

  private func read(images: File, labels: File, classCount: Int?) throws -> Dataset {
    let folder = try folder()
    let isNamed = if case .directory = self { false } else { true }
    let classCount = classCount ?? (isNamed ? 10 : nil)
    let imagesPath = try Self.path(of: images, in: folder)
    let labelsPath = try Self.path(of: labels, in: folder)
    let pictures = try IDX.pictures(at: imagesPath)
    return try Dataset(
      name: "\(description) (\(imagesPath), \(labelsPath))", bytes: pictures.bytes, maximum: 255,
      shape: pictures.shape, labels: IDX.labels(at: labelsPath).values, classCount: classCount,
      classNames: self == .fashionMNIST && classCount == 10 ? Self.fashionClasses : nil)
  }

  /// The folder of the files. Sets known by name are looked for in the folder that the environment
  /// variable `QUERN_DATA` names, then in `systemFolder`.
  private func folder() throws -> String {
    if case .directory(let path) = self { return path }
    var candidates = ["\(Self.systemFolder)/\(description)"]
    if let root = getenv("QUERN_DATA"), root.pointee != 0 {
      candidates.insert("\(String(cString: root))/\(description)", at: 0)
    }
    if let folder = candidates.first(where: { PathKind($0) == .directory }) { return folder }
    throw QuernError(
      .missing, in: description, found: "not installed",
      expected: "a folder \(candidates.joined(separator: " or "))",
      remedy: (self == .fashionMNIST
        ? "Install it: apt-get install dataset-fashion-mnist; or put" : "Put")
        + " its four IDX files there, name the folder that they lie in, or let the environment "
        + "variable QUERN_DATA name the folder that holds a folder \(description).")
  }

  private enum File: String {
    case trainingImages = "train-images-idx3-ubyte"
    case trainingLabels = "train-labels-idx1-ubyte"
    case testImages = "t10k-images-idx3-ubyte"
    case testLabels = "t10k-labels-idx1-ubyte"
  }

  /// The plain file if there is one, else the gzipped one.
  private static func path(of file: File, in folder: String) throws -> String {
    let plain = "\(folder)/\(file.rawValue)"
    let candidates = [plain, plain + ".gz"]
    if let path = candidates.first(where: { PathKind($0) != .nothing }) { return path }
    guard PathKind(folder) == .directory else {
      throw QuernError(
        .missing, in: folder, found: "there is no such folder",
        expected: "a folder with four IDX files", remedy: "Check the path.")
    }
    throw QuernError(
      .missing, in: folder, found: "neither \(file.rawValue) nor \(file.rawValue).gz is there",
      expected: "a folder with the four IDX files of MNIST's names",
      remedy: "Check the path, or rename the files.")
  }

  private static let fashionClasses = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
  ]
}
