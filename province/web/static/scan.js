// Reads a voter's code with the browser's own detector, from the camera or from a picture. Nothing leaves the page but the code itself.
const box = document.querySelector(".scan");
if (box && "BarcodeDetector" in window) {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const field = document.querySelector("#code"), said = box.querySelector("[role=status]"), video = box.querySelector("video");
  box.hidden = false;
  const take = async (source) => {
    const found = (await detector.detect(source)).find((code) => code.rawValue.startsWith("HU1:"));
    if (found) { field.value = found.rawValue; said.textContent = "Đã đọc mã. / Code read."; }
    return Boolean(found);
  };
  box.querySelector("[type=file]").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file && !(await take(await createImageBitmap(file)))) said.textContent = "Không thấy mã trong ảnh. / No code in this picture.";
  });
  box.querySelector("[data-camera]").addEventListener("click", async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      await video.play();
      const look = async () => {
        if (await take(video)) video.srcObject.getTracks().forEach((track) => track.stop());
        else requestAnimationFrame(look);
      };
      look();
    } catch { said.textContent = "Không mở được máy ảnh. / The camera cannot be opened."; }
  });
}
