/// The bytes of the embedded digits: UCI "Optical Recognition of Handwritten Digits", test part
/// (E. Alpaydin and C. Kaynak, 1998), CC BY 4.0. See the `README.md` beside this file.
package enum EmbeddedDigits {
  /// A gzipped IDX file: 1,797 × 8 × 8 `uint8`, values 0 … 16.
  package static var images: [UInt8] { PackageResources.digits_images_idx3_ubyte_gz }

  /// A gzipped IDX file: 1,797 `uint8`, values 0 … 9.
  package static var labels: [UInt8] { PackageResources.digits_labels_idx1_ubyte_gz }
}
