const products = await (await fetch('api/products.json')).json();
const list = document.querySelector('#products');
for (const { name, price } of products) {
  const item = document.createElement('li');
  item.textContent = `${name}: ${price.toFixed(2)}`;
  list.append(item);
}
