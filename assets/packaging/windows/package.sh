# shellcheck shell=bash
# Part of ../package: the programs, the installer and the portable zip for Windows.
# shellcheck disable=SC2154  # what ../package says

winres=github.com/tc-hib/go-winres@v0.3.3

# guid NAME is a GUID that is made from a name: the same name always has the same, on whatever machine.
guid() {
  local sum
  sum=$(printf 'countersign %s' "$1" | sha1sum)
  sum=${sum^^}
  printf '{%s-%s-5%s-A%s-%s}' "${sum:0:8}" "${sum:8:4}" "${sum:13:3}" "${sum:17:3}" "${sum:20:12}"
}

# signed FILE signs it where there is a certificate. The time that it says is the commit's, unless a time stamp server says another.
signed() {
  [ -n "${COUNTERSIGN_SIGN_PKCS12:-}" ] || return 0
  local how=(-st "$SOURCE_DATE_EPOCH")
  [ -z "${COUNTERSIGN_SIGN_TIMESTAMP:-}" ] || how=(-ts "$COUNTERSIGN_SIGN_TIMESTAMP")
  osslsigncode sign -pkcs12 "$COUNTERSIGN_SIGN_PKCS12" -readpass "${COUNTERSIGN_SIGN_PASSWORD_FILE:-/dev/null}" -h sha256 \
    -n Countersign "${how[@]}" -in "$1" -out "$1.signed" >/dev/null
  mv "$1.signed" "$1"
}

# dress PROGRAM WHAT gives a program its icon, its version and its manifest.
dress() {
  local name
  name=$(basename "$1" .exe)
  sed "s/@PROGRAM@/$name/g; s/@NUMBERS@/$(.ci/version windows).0/g; s/@VERSION@/$version/g; s/@DESCRIPTION@/$2/g" \
    "$here/windows/winres.json" >"$work/windows/winres.json"
  cp assets/icons/countersign.png "$work/windows/countersign.png"
  (cd "$work/windows" && env -u GOARCH GOFLAGS= go run "$winres" patch --in winres.json --no-backup "$1")
  [ -e "$work/windows/icon/APP_0000.ico" ] ||
    (cd "$work/windows" && env -u GOARCH GOFLAGS= go run "$winres" extract --dir icon "$1")
}

windows() {
  local built=$work/windows/built
  mkdir -p "$built"
  (
    export GOOS=windows CC="clang --target=x86_64-w64-mingw32" CXX="clang++ --target=x86_64-w64-mingw32"
    small="-s -w -extld=x86_64-w64-mingw32-gcc -compressdwarf=false $stamp"
    go build -tags "$tags" -ldflags "$small -H windowsgui" -o "$built/" ./cmd/countersign
    go build -tags "$tags" -ldflags "$small" -o "$built/" ./cmd/countersignctl ./cmd/countersign-cloud
  )
  licences "$built"/*.exe
  dress "$built/countersign.exe" "Countersign"
  dress "$built/countersignctl.exe" "Countersign without a window"
  dress "$built/countersign-cloud.exe" "Countersign's cloud"
  local program
  for program in "$built"/*.exe; do signed "$program"; done
  portable "$built"
  msi "$built"
}

# portable BUILT makes a zip that runs from wherever it is unpacked, and keeps its data there.
portable() {
  local name=countersign-${version#v}-windows-amd64 place
  place=$work/zip/$name
  mkdir -p "$place"
  cp "$1/countersign.exe" "$1/countersignctl.exe" "$1/countersign-cloud.exe" "$place/"
  cp "$here/windows/portable.txt" "$place/"
  cp -r "$here/windows/policy" "$place/"
  documents "$place"
  zipped "$work/zip" "$dist/$name.zip"
  made+=("$name.zip")
}

# components FOLDER ID writes a component for each file of a folder, and a folder for each folder in it.
components() {
  local path name id
  for path in "$1"/*; do
    name=$(basename "$path")
    id=$2_$(printf '%s' "$name" | tr -c 'A-Za-z0-9' _)
    if [ -d "$path" ]; then
      printf '<Directory Id="%s" Name="%s">\n' "$id" "$name"
      components "$path" "$id"
      printf '</Directory>\n'
    else
      printf '<Component Id="%s" Guid="%s" Win64="yes"><File Id="f%s" Name="%s" Source="%s" KeyPath="yes"/></Component>\n' \
        "$id" "$(guid "$id")" "$id" "$name" "${path#"$work/msi/"}"
      echo "<ComponentRef Id=\"$id\"/>" >>"$work/msi/refs"
    fi
  done
}

# msi BUILT makes the installer.
msi() {
  local name=countersign-${version#v}-amd64.msi root=$work/msi/files
  mkdir -p "$root"
  cp "$1/countersign.exe" "$1/countersignctl.exe" "$root/"
  cp "$work/windows/icon/APP_0000.ico" "$work/msi/countersign.ico"
  cp -r "$here/windows/policy" "$root/"
  documents "$root"
  age "$root"
  : >"$work/msi/refs"
  components "$root" d >"$work/msi/directories"
  sed -e "s/@VERSION@/$(.ci/version windows)/g; s/@PRODUCT@/$(guid "product $version $SOURCE_DATE_EPOCH")/g; s/@UPGRADE@/$(guid upgrade)/g" \
    -e "s/@AUTOSTART_GUID@/$(guid autostart)/g; s/@MENU_GUID@/$(guid menu)/g" \
    -e "/@DIRECTORIES@/{r $work/msi/directories
d}" -e "/@REFS@/{r $work/msi/refs
d}" "$here/windows/countersign.wxs" >"$work/msi/countersign.wxs"
  (cd "$work/msi" && wixl --arch x64 -o countersign.msi countersign.wxs)
  # What wixl leaves out.
  local change
  while read -r change; do
    [ -z "$change" ] || msibuild "$work/msi/countersign.msi" -q "$change"
  done < <(sed "s/@VERSION@/$(.ci/version windows)/g" "$here/windows/amend.sql")
  settle "$work/msi/countersign.msi"
  signed "$work/msi/countersign.msi"
  mv "$work/msi/countersign.msi" "$dist/$name"
  made+=("$name")
}

# settle FILE gives an installer the commit's time and a package code that is made from its content, in place of those of this moment.
settle() {
  msibuild "$1" -s "Countersign $version" "The Countersign authors" "x64;1033" "$(guid "package $version $SOURCE_DATE_EPOCH")"
  env -u GOARCH go run ./assets/packaging/windows/settle "$1" "$SOURCE_DATE_EPOCH"
}
